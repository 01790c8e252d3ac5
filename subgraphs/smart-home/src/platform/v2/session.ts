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
import { beforeSending } from '../faults.ts';
import { createTokenSource, type SignIn } from '../token.ts';

/** The dated minor of the second version that this translation was written for. */
const API_VERSION = '2026-06-01';
const BASE = '/api/v2';
const TOKEN_PATH = `${BASE}/oauth/token`;
const SCOPES = 'sites.read access.open vehicles.write';
/** Assertions are used at once (RFC 7523 §3: a short life). */
const ASSERTION_SECONDS = 60;

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

export const createV2Session = ({
  client,
  identity,
  clock,
  random,
}: {
  client: PlatformClient;
  identity: PlatformOptions['client'];
  clock: Clock;
  random: Random;
}): V2Session & SignIn => {
  const ask = async (signal: AbortSignal) => {
    const iat = Math.floor(clock().getTime() / 1_000);
    const assertion = jwt.sign(
      {
        iss: identity.id,
        sub: identity.id,
        aud: client.url + TOKEN_PATH,
        jti: Buffer.from(random(16)).toString('base64url'),
        iat,
        exp: iat + ASSERTION_SECONDS,
      },
      identity.key,
      { algorithm: 'ES256' },
    );
    const answer = await client.exchange({
      method: 'POST',
      path: TOKEN_PATH,
      route: TOKEN_PATH,
      form: {
        grant_type: 'client_credentials',
        scope: SCOPES,
        client_id: identity.id,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      },
      statusOf,
      signal,
    });
    requireSuccess(answer, problemOf(answer), clock());
    const parsed = tokenAnswer.safeParse(jsonOf(answer));
    if (!parsed.success) throw contractBroken(parsed.error);
    return { value: parsed.data.access_token, expiresInMs: parsed.data.expires_in * 1_000 };
  };
  const tokens = createTokenSource({ ask, clock });

  const once = async (request: PlatformRequest, token: string): Promise<PlatformAnswer> =>
    client.exchange({
      ...request,
      path: BASE + request.path,
      route: BASE + request.route,
      statusOf,
      headers: { authorization: `Bearer ${token}`, 'api-version': API_VERSION, ...request.headers },
    });

  return {
    clock,
    call: async (request) => {
      const token = await beforeSending(tokens.get());
      let answer = await once(request, token);
      if (answer.status === 401) {
        tokens.refused(token);
        answer = await once(request, await beforeSending(tokens.get()));
      }
      requireSuccess(answer, answer.status >= 400 ? problemOf(answer) : undefined, clock());
      return answer;
    },
    health: async (siteId, signal) => {
      const path = `${BASE}/health`;
      await client.exchange({ method: 'GET', path, route: path, statusOf, siteId, signal });
    },
    isSignedIn: tokens.isThere,
    signIn: async () => void (await tokens.get()),
  };
};
