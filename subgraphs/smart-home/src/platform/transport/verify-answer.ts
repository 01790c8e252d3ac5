/**
 * Whether an answer is the platform's own, whole, fresh, and to this request (RFC 9421, platform.md §5.8). The library proves
 * the signature; what has to be signed is decided here, to the letter: a signature over the request's digest alone says
 * nothing of the answer's.
 */
import { verify } from 'node:crypto';
import type { Clock } from '@house/kernel/clock';
import { type Verifier as Check, componentIdentity, isSignatureError, verifySignature } from 'http-message-sig';
import { isDigestOf } from './content-digest.ts';
import { createNonces } from './nonces.ts';
import { ALGORITHM, DSA_ENCODING } from './sign-request.ts';
import type { PlatformTrust } from './trust.ts';

/** Older answers are somebody's who has kept them. */
const LIFE_SECONDS = 60;
/** Two clocks that are kept by NTP differ by less. */
const SKEW_SECONDS = 5;

/** The contract binds an answer to the path and the body of its request; to the query it does not. */
const COVERED: ReadonlySet<string> = new Set([
  '"@status"',
  '"content-digest"',
  '"@method";req',
  '"@path";req',
  '"content-digest";req',
]);
/** Of the answer, all that is looked at. */
const FIELDS = ['content-digest', 'signature', 'signature-input'];

export type Answered = {
  request: { method: string; target: URL; contentDigest: string };
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it was received. */
  body: Uint8Array;
};

/** Resolves with what is wrong, in one word for logs and metrics; with undefined when nothing is. */
export type VerifyAnswer = (answered: Answered) => Promise<string | undefined>;

/** Thrown into the library, which wraps it. */
class Refused extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

const reasonOf = (error: unknown): string => {
  const found = isSignatureError(error) && error.cause instanceof Refused ? error.cause : error;
  if (found instanceof Refused) return found.reason;
  return isSignatureError(error) ? error.code : 'unreadable';
};

export const createVerifyAnswer = ({
  signingKeys,
  clock,
}: {
  signingKeys: PlatformTrust['signingKeys'];
  clock: Clock;
}): VerifyAnswer => {
  const nonces = createNonces({ keepSeconds: LIFE_SECONDS + 2 * SKEW_SECONDS });

  const checkOf = (kid: string | undefined): Check => {
    // A key that was published this very second is looked for once more.
    const key = kid === undefined ? undefined : (signingKeys().get(kid) ?? signingKeys(0).get(kid));
    if (!key) throw new Refused('key-unknown');
    return {
      algorithm: ALGORITHM,
      verify: (data, signature) => verify('sha256', data, { key, dsaEncoding: DSA_ENCODING }, signature),
    };
  };

  return async ({ request, status, headers, body }) => {
    const fields = FIELDS.flatMap((name) => [headers[name] ?? []].flat().map((value) => ({ name, value })));
    const digests = fields.filter(({ name }) => name === 'content-digest').map(({ value }) => value);
    if (fields.length === 0) return 'unsigned';
    if (!isDigestOf(digests.join(', '), body)) return 'digest';
    const now = Math.floor(clock().getTime() / 1_000);
    const { method, target, contentDigest } = request;
    try {
      await verifySignature(
        {
          kind: 'response',
          status,
          fields,
          request: {
            kind: 'request',
            method,
            targetUri: target.href,
            fields: [{ name: 'content-digest', value: contentDigest }],
          },
        },
        {
          policy: {
            algorithms: [ALGORITHM],
            requiredComponents: [],
            requiredParameters: ['created', 'keyid', 'alg'],
            maxAge: LIFE_SECONDS,
            clockSkew: SKEW_SECONDS,
            now,
          },
          resolveVerifier: ({ components, parameters }) => {
            const covered = components.map(componentIdentity);
            if (covered.length !== COVERED.size || !covered.every((name) => COVERED.has(name)))
              throw new Refused('components');
            return checkOf(parameters.keyid);
          },
        },
      ).then(({ parameters: { keyid, nonce } }) => {
        // The contract asks for a nonce in requests only; where an answer has one, it counts.
        if (nonce !== undefined && !nonces.isNew(`${keyid} ${nonce}`, now)) throw new Refused('replayed');
      });
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  };
};
