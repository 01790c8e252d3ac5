import type { Clock } from '@house/kernel/clock';
import { z } from 'zod';
import {
  contractBroken,
  headerOf,
  jsonOf,
  type PlatformAnswer,
  type PlatformClient,
  type PlatformRequest,
} from '../client.ts';
import type { PlatformOptions } from '../create-platform.ts';
import { beforeSending, CONTRACT_BROKEN, faultOf, PlatformFault, parseRetryAfter } from '../faults.ts';
import { createTokenSource } from '../token.ts';

const BASE = '/api/v1';
const TOKEN_PATH = `${BASE}/auth/token`;

/** Every answer of the first version, whatever its HTTP status; `data` is missing when there is nothing. */
const envelope = z.object({
  code: z.coerce.number(),
  name: z.string().optional(),
  message: z.string().optional(),
  data: z.unknown().optional(),
});
const tokenData = z.object({ token: z.string().min(1), expiresIn: z.coerce.number().positive() });

export type V1Session = {
  readonly clock: Clock;
  /** One authorised request; resolves with the envelope's `data`, undefined when it is missing. @throws PlatformFault */
  call(request: PlatformRequest): Promise<unknown>;
  health(siteId: number, signal: AbortSignal): Promise<void>;
};

/** The status that counts: the envelope's own, since HTTP says 200 to almost everything. */
const open = (answer: PlatformAnswer, now: Date): { code: number; data: unknown } => {
  if (answer.status === 204) return { code: 204, data: undefined };
  if (answer.status >= 500)
    throw new PlatformFault(faultOf(answer.status, undefined, parseRetryAfter(headerOf(answer, 'retry-after'), now)));
  const parsed = envelope.safeParse(jsonOf(answer));
  if (!parsed.success) throw new PlatformFault({ ...CONTRACT_BROKEN, status: answer.status }, parsed.error);
  const code = answer.status >= 400 ? answer.status : parsed.data.code;
  if (code >= 400)
    throw new PlatformFault(faultOf(code, undefined, parseRetryAfter(headerOf(answer, 'retry-after'), now)));
  return { code, data: parsed.data.data };
};

export const createV1Session = ({
  client,
  identity,
  clock,
}: {
  client: PlatformClient;
  identity: PlatformOptions['client'];
  clock: Clock;
}): V1Session => {
  const apiKey = identity.v1ApiKey.reveal();
  const tokens = createTokenSource({
    clock,
    ask: async (signal) => {
      const answer = await client.exchange({
        method: 'POST',
        path: TOKEN_PATH,
        route: TOKEN_PATH,
        headers: { 'x-api-key': apiKey },
        json: { clientId: identity.id, clientSecret: identity.v1Secret.reveal() },
        signal,
      });
      const parsed = tokenData.safeParse(open(answer, clock()).data);
      if (!parsed.success) throw contractBroken(parsed.error);
      return { value: parsed.data.token, expiresInMs: parsed.data.expiresIn * 1_000 };
    },
  });
  const once = (request: PlatformRequest, token: string): Promise<PlatformAnswer> =>
    client.exchange({
      ...request,
      path: BASE + request.path,
      route: BASE + request.route,
      headers: { authorization: `Bearer ${token}`, 'x-api-key': apiKey, ...request.headers },
    });

  return {
    clock,
    call: async (request) => {
      const token = await beforeSending(tokens.get());
      try {
        return open(await once(request, token), clock()).data;
      } catch (error) {
        if (!(error instanceof PlatformFault) || error.fault.status !== 401) throw error;
        // Somebody else signed in with our account and killed the token.
        tokens.refused(token);
        return open(await once(request, await beforeSending(tokens.get())), clock()).data;
      }
    },
    health: async (siteId, signal) => {
      await client.exchange({ method: 'GET', path: `${BASE}/houses`, route: `${BASE}/houses`, siteId, signal });
    },
  };
};
