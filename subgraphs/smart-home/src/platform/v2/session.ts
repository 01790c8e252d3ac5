import type { Clock, Random } from '@house/kernel/clock';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import {
  contractBroken,
  headerOf,
  jsonOf,
  type PlatformAnswer,
  type PlatformClient,
  type PlatformRequest,
  requireSuccess,
} from '../client.ts';
import type { PlatformOptions } from '../create-platform.ts';
import { beforeSending, CERTIFICATE_CHANGED, PlatformFault } from '../faults.ts';
import { createTokenSource, type IssuedToken, type SignIn, type UsableToken } from '../token.ts';
import type { PlatformTrust } from '../transport/trust.ts';

/** The dated minor of the second version that this translation was written for. */
const API_VERSION = '2026-06-01';
const BASE = '/api/v2';
const TOKEN_PATH = `${BASE}/oauth/token`;
const SCOPES = 'sites.read access.open vehicles.write events.read';
/** Assertions are used at once (RFC 7523 §3: a short life). */
const ASSERTION_SECONDS = 60;
const TURNS = 3;

const tokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });
const problem = z.object({ type: z.string() });

export type V2Session = {
  readonly clock: Clock;
  /** One authorised request; the answer's status is a success. @throws PlatformFault otherwise. */
  call(request: Omit<PlatformRequest, 'path' | 'route'> & { path: string; route: string }): Promise<PlatformAnswer>;
  health(siteId: number, signal: AbortSignal): Promise<void>;
};

/** `https://errors.smart-home.example/access-point-busy` → `access-point-busy` (RFC 9457). */
const problemOf = (answer: PlatformAnswer): string | undefined => {
  if (!headerOf(answer, 'content-type')?.includes('json')) return undefined;
  const parsed = problem.safeParse(jsonOf(answer));
  return parsed.success ? parsed.data.type.split('/').at(-1) : undefined;
};

/** For the guard: it judges also what nobody will read any further. */
const statusOf = (answer: PlatformAnswer): { status: number; problem?: string | undefined } => {
  try {
    return { status: answer.status, problem: answer.status >= 400 ? problemOf(answer) : undefined };
  } catch {
    return { status: answer.status };
  }
};

/**
 * Our certificate was replaced between the choice of a token and its request, which therefore did not leave: the next turn
 * has a token of the new one. Rotations are rarer than turns.
 */
const despiteRotation = async <T>(work: () => Promise<T>): Promise<T> => {
  for (let turn = 1; ; turn += 1) {
    try {
      return await work();
    } catch (error) {
      const isRotation = error instanceof PlatformFault && error.fault.problem === CERTIFICATE_CHANGED.problem;
      if (!isRotation || turn === TURNS) throw error;
    }
  }
};

export const createV2Session = ({
  client,
  identity,
  clientKey,
  clock,
  random,
}: {
  client: PlatformClient;
  identity: Pick<PlatformOptions['client'], 'id'>;
  clientKey: PlatformTrust['clientKey'];
  clock: Clock;
  random: Random;
}): V2Session & SignIn => {
  /** RFC 7523; used once. */
  const assertion = (): string => {
    const iat = Math.floor(clock().getTime() / 1_000);
    const { key, kid } = clientKey();
    return jwt.sign(
      {
        iss: identity.id,
        sub: identity.id,
        aud: client.url + TOKEN_PATH,
        jti: Buffer.from(random(16)).toString('base64url'),
        iat,
        exp: iat + ASSERTION_SECONDS,
      },
      key,
      { algorithm: 'ES256', keyid: kid },
    );
  };

  const ask = async (signal: AbortSignal): Promise<IssuedToken> => {
    const certificate = client.certificate();
    const answer = await client.exchange({
      method: 'POST',
      path: TOKEN_PATH,
      route: TOKEN_PATH,
      form: {
        grant_type: 'client_credentials',
        scope: SCOPES,
        client_id: identity.id,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion(),
      },
      signed: true,
      certificate,
      statusOf,
      signal,
    });
    requireSuccess(answer, problemOf(answer), clock());
    const parsed = tokenAnswer.safeParse(jsonOf(answer));
    if (!parsed.success) throw contractBroken(parsed.error);
    return { value: parsed.data.access_token, expiresInMs: parsed.data.expires_in * 1_000, certificate };
  };
  const tokens = createTokenSource({
    ask: (signal) => despiteRotation(() => ask(signal)),
    certificate: client.certificate,
    clock,
  });

  const once = async (request: PlatformRequest, { value, certificate }: UsableToken): Promise<PlatformAnswer> =>
    client.exchange({
      ...request,
      path: BASE + request.path,
      route: BASE + request.route,
      signed: true,
      certificate,
      statusOf,
      headers: { authorization: `Bearer ${value}`, 'api-version': API_VERSION, ...request.headers },
    });

  /** With the current token. One that was refused is not used again; a refused signature says nothing of it. */
  const authorised = (request: PlatformRequest): Promise<PlatformAnswer> =>
    despiteRotation(async () => {
      const token = await beforeSending(tokens.get());
      const answer = await once(request, token);
      if (answer.status === 401 && problemOf(answer) !== 'signature-invalid') tokens.refused(token.value);
      return answer;
    });

  return {
    clock,
    call: async (request) => {
      let answer = await authorised(request);
      if (answer.status === 401 && problemOf(answer) !== 'signature-invalid') answer = await authorised(request);
      requireSuccess(answer, answer.status >= 400 ? problemOf(answer) : undefined, clock());
      return answer;
    },
    health: async (siteId, signal) => {
      const path = `${BASE}/health`;
      await client.exchange({ method: 'GET', path, route: path, signed: true, statusOf, siteId, signal });
    },
    isSignedIn: tokens.isThere,
    signIn: async () => void (await tokens.get()),
  };
};
