/**
 * Access tokens of v1: client credentials with a secret, opaque, 24 hours, and one lives per client: a new one ends
 * the old. Each call carries the client's `X-Api-Key` besides.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '@house/kernel/clock';
import type { Answer } from '../exchange.ts';
import { createSecret } from '../ids.ts';
import { enveloped, refusal } from './envelope.ts';

const TOKEN_SECONDS = 24 * 60 * 60;

export type V1Client = { clientId: string; secret: string; apiKey: string };

export type V1Tokens = {
  issue(credentials: Readonly<Record<string, unknown>>, apiKey: string | undefined): Answer;
  /** The client of a living token that came with its key. */
  client(authorization: string | undefined, apiKey: string | undefined): string | undefined;
  /** True for a key of any client: what may ask for a token at all. */
  knowsKey(apiKey: string | undefined): boolean;
  /** As if somebody else had signed in with each client. */
  endAll(): void;
};

const same = (one: string, other: string | undefined): boolean => {
  const [left, right] = [Buffer.from(one), Buffer.from(other ?? '')];
  return left.length === right.length && timingSafeEqual(left, right);
};

export const createV1Tokens = (deps: { clock: Clock; clients: readonly V1Client[] }): V1Tokens => {
  const { clock, clients } = deps;
  const living = new Map<string, { token: string; expiresAt: number }>();
  return {
    issue(credentials, apiKey) {
      const client = clients.find(({ clientId }) => clientId === credentials.clientId);
      if (!client || !same(client.secret, String(credentials.clientSecret)) || !same(client.apiKey, apiKey))
        return refusal(401, 'unauthorized');
      const token = createSecret();
      living.set(client.clientId, { token, expiresAt: clock().getTime() + TOKEN_SECONDS * 1000 });
      return enveloped({ token, tokenType: 'Bearer', expiresIn: String(TOKEN_SECONDS) });
    },
    client(authorization, apiKey) {
      const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
      const client = clients.find((one) => same(one.apiKey, apiKey));
      const found = client && living.get(client.clientId);
      return found && same(found.token, token) && found.expiresAt > clock().getTime() ? client.clientId : undefined;
    },
    knowsKey: (apiKey) => clients.some((client) => same(client.apiKey, apiKey)),
    endAll: () => living.clear(),
  };
};
