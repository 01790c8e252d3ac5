/**
 * The app's half of OAuth's authorization code flow with PKCE, over HTTP, for a made-up person of the development
 * authorization server. It does what a browser and the app would do, and nothing a stranger could not.
 */
import { createHash, type JsonWebKey, randomBytes } from 'node:crypto';
import { createDpopKey, createDpopProof } from './dpop-proof.ts';

const CLIENT_ID = 'tenant-app';
const REDIRECT_URI = 'http://127.0.0.1/callback';
/** Authorization, sign-in, resume, callback: a server that redirects more often goes in circles. */
const MAX_REDIRECTS = 8;

export type TokenRequest = {
  issuer: string;
  /** A handle of the seeded world. */
  user: string;
  /** Space separated; everything the person's roles hold when absent. */
  scope?: string | undefined;
  /** Binds the token to a fresh key, returned beside it. */
  dpop?: boolean | undefined;
};
export type ObtainedToken = { access_token: string; expires_in: number; dpop_jwk?: JsonWebKey };

/** `UNREACHABLE`: nobody answers there. `REFUSED`: the server said no, `message` says why. */
export class ObtainTokenError extends Error {
  readonly code: 'UNREACHABLE' | 'REFUSED';
  constructor(code: 'UNREACHABLE' | 'REFUSED', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ObtainTokenError';
    this.code = code;
  }
}

const secret = (): string => randomBytes(32).toString('base64url');

type Visit = (url: URL | string, init?: RequestInit) => Promise<Response>;

/** Remembers cookies by name and follows no redirect on its own. */
const createVisit = (): Visit => {
  const cookies = new Map<string, string>();
  return async (url, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set('accept', 'application/json, text/html;q=0.1');
    if (cookies.size > 0) headers.set('cookie', [...cookies].map((pair) => pair.join('=')).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' }).catch((cause: unknown) => {
      throw new ObtainTokenError('UNREACHABLE', `nothing answers at ${new URL(url).origin}`, { cause });
    });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';', 1)[0]?.split('=') ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
};

/** The body of a JSON answer, or of a refusal in either of OAuth's shapes. */
const readAnswer = async (response: Response): Promise<Record<string, unknown>> => {
  const text = await response.text();
  let body: Record<string, unknown> = {};
  try {
    body = Object(JSON.parse(text));
  } catch {
    // Told below: the server is not the one we take it for.
  }
  if (response.ok && Object.keys(body).length > 0) return body;
  const reason = body.error_description ?? body.error ?? `unexpected answer ${response.status} from ${response.url}`;
  throw new ObtainTokenError('REFUSED', String(reason));
};

const authorize = async (visit: Visit, endpoint: string, query: Record<string, string>): Promise<URLSearchParams> => {
  let next = new URL(endpoint);
  const { origin } = next;
  next.search = new URLSearchParams(query).toString();
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await visit(next);
    const location = response.headers.get('location');
    if (location === null) {
      await readAnswer(response);
      break;
    }
    await response.body?.cancel();
    next = new URL(location, next);
    if (next.href.startsWith(`${REDIRECT_URI}?`)) return next.searchParams;
    if (next.origin !== origin) break;
  }
  throw new ObtainTokenError('REFUSED', `${origin} does not sign in by login_hint; it is no development server`);
};

export const obtainToken = async ({ issuer, user, scope, dpop }: TokenRequest): Promise<ObtainedToken> => {
  const visit = createVisit();
  const found = await visit(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  // The server judges the age of a proof by its own clock, so that is the one we read.
  const issuedAt = new Date(found.headers.get('date') ?? 0);
  const discovery = await readAnswer(found);
  if (discovery.issuer !== issuer) throw new ObtainTokenError('REFUSED', `${issuer} calls itself ${discovery.issuer}`);

  const [verifier, state] = [secret(), secret()];
  const callback = await authorize(visit, String(discovery.authorization_endpoint), {
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    response_type: 'code',
    scope: ['openid', ...(scope?.split(/\s+/).filter(Boolean) ?? [])].join(' '),
    login_hint: user,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const code = callback.get('code');
  // RFC 9207: the answer names its server, so a code of one is never shown to another.
  const ours = callback.get('state') === state && callback.get('iss') === issuer;
  if (code === null || !ours) {
    const reason = callback.get('error_description') ?? callback.get('error') ?? 'the answer is not to our question';
    throw new ObtainTokenError('REFUSED', reason);
  }

  const url = String(discovery.token_endpoint);
  const jwk = dpop ? createDpopKey() : undefined;
  const answer = await visit(url, {
    method: 'POST',
    headers: jwk ? { dpop: createDpopProof({ jwk, method: 'POST', url, issuedAt }) } : {},
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: CLIENT_ID,
      redirect_uri: REDIRECT_URI,
      code,
      code_verifier: verifier,
    }),
  });
  const { access_token, expires_in } = await readAnswer(answer);
  return {
    access_token: String(access_token),
    expires_in: Number(expires_in),
    ...(jwk && { dpop_jwk: jwk }),
  };
};
