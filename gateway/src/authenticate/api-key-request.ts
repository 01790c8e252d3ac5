/** A request with an API key (header `X-Api-Key`) in, a principal out; the same refusal for every fault. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@house/kernel/clock';
import type { Queryable } from '@house/kernel/database';
import type { Principal } from '@house/kernel/principal';
import type { Log } from '@house/kernel/telemetry';
import { HttpRefusal } from '../refusal.ts';
import { hasCertificate } from './client-certificate.ts';
import type { Possession } from './possession.ts';
import type { Reason, Refusals } from './refusals.ts';
import { type ApiKeyOptions, createVerifyApiKey } from './verify-api-key.ts';

export type IdentifyByApiKey = {
  /**
   * @returns undefined for a request without the header.
   * @throws HttpRefusal `UNAUTHENTICATED`, or `SERVICE_UNAVAILABLE` while the keys cannot be asked for.
   */
  identify(incoming: IncomingMessage): Promise<{ principal: Principal; possession?: Possession } | undefined>;
  settled(): Promise<void>;
};

/**
 * @param apiKeys left out: no key is taken.
 * @param challenge of every refusal (RFC 9110 §11.6.1); no scheme is registered for such keys, so it names those for tokens.
 */
export const createIdentifyByApiKey = ({
  apiKeys,
  challenge,
  database,
  refusals,
  clock,
  log,
}: {
  apiKeys: ApiKeyOptions | undefined;
  challenge: Readonly<Record<string, string>>;
  database: Queryable;
  refusals: Refusals;
  clock: Clock;
  log: Log;
}): IdentifyByApiKey => {
  const keys = apiKeys && createVerifyApiKey({ apiKeys, database, clock, log });
  const refuse = (reason: Reason): HttpRefusal => refusals.request(reason, challenge);

  return {
    identify: async (incoming) => {
      const [text, ...more] = incoming.headersDistinct['x-api-key'] ?? [];
      if (text === undefined) return undefined;
      // Who sends two answers to "who are you" may be taken for one by us and for the other by somebody in front of us.
      if (more.length > 0 || incoming.headers.authorization !== undefined) throw refuse('api-key-ambiguous');
      if (!keys) throw refuse('api-key-not-taken');
      const verified = await keys.verify(text, incoming.socket.remoteAddress).catch((cause: unknown) => {
        throw new HttpRefusal('SERVICE_UNAVAILABLE', { cause });
      });
      if (typeof verified === 'string') throw refuse(verified);
      const { principal, boundToCertificate } = verified;
      if (boundToCertificate === undefined) return { principal };
      if (!hasCertificate(incoming, boundToCertificate)) throw refuse('api-key-certificate');
      return { principal, possession: { by: 'certificate' } };
    },
    settled: async () => keys?.settled(),
  };
};
