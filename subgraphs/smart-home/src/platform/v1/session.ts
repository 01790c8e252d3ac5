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
import { createTokenSource, type SignIn, type TokenMemory, type UsableToken } from '../token.ts';

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

/** The first version's word for "too many", which it says under any code. */
const TOO_MANY = 'intervalExceeded';

/** The status that counts: the envelope's own, since HTTP says 200 to almost everything. */
const codeOf = (status: number, { code, name }: z.output<typeof envelope>): number => {
  if (name === TOO_MANY) return 429;
  return status >= 400 ? status : code;
};

/** For the guard. A sentence in the place of an envelope is what a broken server of this version says, with 200. */
const statusOf = (answer: PlatformAnswer): { status: number } => {
  if (answer.status === 204 || answer.status >= 500) return answer;
  try {
    const parsed = envelope.safeParse(jsonOf(answer));
    return { status: parsed.success ? codeOf(answer.status, parsed.data) : answer.status };
  } catch {
    return { status: answer.status >= 400 ? answer.status : 500 };
  }
};

const open = (answer: PlatformAnswer, now: Date): { code: number; data: unknown } => {
  if (answer.status === 204) return { code: 204, data: undefined };
  const fault = (status: number): PlatformFault =>
    new PlatformFault(faultOf(status, undefined, parseRetryAfter(headerOf(answer, 'retry-after'), now)));
  if (answer.status >= 500) throw fault(answer.status);
  const parsed = envelope.safeParse(jsonOf(answer));
  if (!parsed.success) throw new PlatformFault({ ...CONTRACT_BROKEN, status: answer.status }, parsed.error);
  const code = codeOf(answer.status, parsed.data);
  if (code >= 400) throw fault(code);
  return { code, data: parsed.data.data };
};

export const createV1Session = ({
  client,
  identity,
  memory,
  clock,
}: {
  client: PlatformClient;
  identity: Pick<PlatformOptions['client'], 'id' | 'v1Secret' | 'v1ApiKey'>;
  /** One token lives per client: a second sign-in ends the first, so all processes share what one of them got. */
  memory?: TokenMemory | undefined;
  clock: Clock;
}): V1Session & SignIn => {
  const apiKey = identity.v1ApiKey.reveal();
  const tokens = createTokenSource({
    clock,
    memory,
    ask: async (signal) => {
      const answer = await client.exchange({
        method: 'POST',
        path: TOKEN_PATH,
        route: TOKEN_PATH,
        headers: { 'x-api-key': apiKey },
        json: { clientId: identity.id, clientSecret: identity.v1Secret.reveal() },
        statusOf,
        signal,
      });
      const parsed = tokenData.safeParse(open(answer, clock()).data);
      if (!parsed.success) throw contractBroken(parsed.error);
      return { value: parsed.data.token, expiresInMs: parsed.data.expiresIn * 1_000 };
    },
  });
  const once = (request: PlatformRequest, { value: token }: UsableToken): Promise<PlatformAnswer> =>
    client.exchange({
      ...request,
      path: BASE + request.path,
      route: BASE + request.route,
      statusOf,
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
        tokens.refused(token.value);
        return open(await once(request, await beforeSending(tokens.get())), clock()).data;
      }
    },
    health: async (siteId, signal) => {
      const path = `${BASE}/houses`;
      await client.exchange({ method: 'GET', path, route: path, statusOf, siteId, signal });
    },
    isSignedIn: tokens.isThere,
    signIn: async () => void (await tokens.get()),
  };
};
