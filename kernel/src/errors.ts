/**
 * The catalogue of errors: one table, from which `docs/errors.md` is generated.
 *
 * A released code never changes its meaning. `message` is all that a resident may read; what went wrong inside
 * travels in `cause` and stays in our logs. `retry` says whether the same request may succeed later.
 * `httpStatus` is set where the whole request is answered with it.
 */
export type CatalogueEntry = {
  readonly retry: 'never' | 'later';
  readonly message: string;
  readonly httpStatus?: number;
};

export const CATALOGUE = {
  // ── the whole request is refused: top-level `errors[].extensions.code` ──
  UNAUTHENTICATED: { retry: 'never', httpStatus: 401, message: 'Sign in: a valid access token is required.' },
  FORBIDDEN: { retry: 'never', httpStatus: 403, message: 'Your token or your role does not allow this.' },
  REASON_REQUIRED: { retry: 'never', message: 'Say why in the header Access-Reason.' },
  STEP_UP_REQUIRED: { retry: 'never', message: 'Sign in again: this needs a sign-in of the last five minutes.' },
  RATE_LIMITED: { retry: 'later', httpStatus: 429, message: 'Too many of these; try again later.' },
  BAD_USER_INPUT: { retry: 'never', message: 'A value in the request is not acceptable.' },
  QUERY_TOO_COMPLEX: { retry: 'never', httpStatus: 400, message: 'The document asks for too much at once.' },
  DOCUMENT_NOT_TRUSTED: {
    retry: 'never',
    httpStatus: 400,
    message: 'This document is not on the list of trusted documents.',
  },
  PLATFORM_CONTRACT_BROKEN: {
    retry: 'later',
    message: 'The smart-home platform answered in a way that it should not.',
  },
  DEADLINE_EXCEEDED: {
    retry: 'later',
    httpStatus: 504,
    message: 'It took too long; nothing more will be done for this request.',
  },
  SERVICE_UNAVAILABLE: { retry: 'later', httpStatus: 503, message: 'The service is starting or stopping; try again.' },
  INTERNAL: { retry: 'later', message: 'Something went wrong on our side.' },

  // ── a refusal that a person can act on: payload `errors[].code` ──
  NOT_FOUND: { retry: 'never', message: 'There is no such object, or it is not yours.' },
  PERMISSION_MISSING: { retry: 'never', message: 'Your membership does not include this permission.' },
  PREMISES_SUSPENDED: {
    retry: 'never',
    message: 'Remote services of these premises are suspended; physical keys keep working.',
  },
  CONSENT_REQUIRED: { retry: 'never', message: 'A consent for this purpose is needed first.' },
  IDEMPOTENCY_KEY_REUSED: {
    retry: 'never',
    message: 'This idempotency key was used with another input; make a new key for a new intent.',
  },
  ACCESS_POINT_NOT_VEHICULAR: {
    retry: 'never',
    message: 'A vehicle can pass only barriers, gates and parking entrances of these premises.',
  },
  LAST_OWNER: { retry: 'never', message: 'These premises would be left without an owner.' },
  PERMISSION_NOT_YOURS: { retry: 'never', message: 'You cannot grant a permission that you do not hold here.' },
  VALIDITY_NOT_YOURS: { retry: 'never', message: 'You cannot let this membership last that long.' },
  END_REQUIRED: { retry: 'never', message: 'The stay of a tenant must have an end.' },
  VEHICLE_LIMIT_REACHED: { retry: 'never', message: 'These premises have no free place for one more vehicle.' },
  CAPABILITY_MISSING: { retry: 'never', message: 'The platform that serves this building cannot do this.' },
  PLATFORM_UNAVAILABLE: { retry: 'later', message: 'The smart-home platform cannot be reached; use another way in.' },

  // ── how an operation can end: `Operation.error.code` ──
  NOT_DELIVERED: { retry: 'later', message: 'The platform did not take it in time.' },
  DEADLINE_PASSED: { retry: 'never', message: 'The deadline passed before the platform took it; nothing was opened.' },
  REFUSED_BY_PLATFORM: { retry: 'never', message: 'The platform refused it.' },
  DEVICE_OFFLINE: { retry: 'later', message: 'The device does not answer.' },
  ACCESS_POINT_BUSY: { retry: 'later', message: 'The door is busy with another command.' },
  ACCESS_POINT_LOCKED_DOWN: { retry: 'never', message: 'The door is locked down.' },
  NO_LONGER_ALLOWED: { retry: 'never', message: 'It was no longer allowed when its turn came; nothing was done.' },
  OUTCOME_UNKNOWN: { retry: 'never', message: 'It may have taken effect: look before you try again.' },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof CATALOGUE;

export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(CATALOGUE, code);

export type HouseErrorOptions = {
  /** What went wrong inside; goes to the log, never to a resident. */
  cause?: unknown;
  /** Replaces the catalogue's message; must be fit for a resident to read. */
  message?: string;
  /** Where in the input the fault lies. */
  path?: readonly string[];
  /** Whole seconds after which a retry makes sense. */
  retryAfterSeconds?: number;
};

/** The one error that our code throws on purpose. `message` is public. */
export class HouseError extends Error {
  override readonly name = 'HouseError';
  readonly code: ErrorCode;
  readonly path: readonly string[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, { cause, message, path, retryAfterSeconds }: HouseErrorOptions = {}) {
    super(message ?? CATALOGUE[code].message, { cause });
    this.code = code;
    this.path = path;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A payload error (`UserError` in the SDL). */
export type UserError = { code: ErrorCode; message: string; path: string[] | null; retryAfterSeconds: number | null };

export const toUserError = (error: HouseError): UserError => ({
  code: error.code,
  message: error.message,
  path: error.path ? [...error.path] : null,
  retryAfterSeconds: error.retryAfterSeconds ?? null,
});

/** The payload error of a code that was stored, as an operation's end. */
export const userErrorOf = (code: ErrorCode): UserError => toUserError(new HouseError(code));
