/**
 * What becomes of one delivery. Nothing of it is looked at, and nothing stored, before its signature is found good; and
 * nobody is told "taken" before it is stored. What is good is always taken: a repeat, and what the contract does not
 * know, which would otherwise end in a subscription that the platform pauses. An event that the contract does not know is
 * stored and has no effect: it must not look like one that is missing.
 */
import type { Log } from '@house/kernel/telemetry';
import { isChallenge, isUnknown, type PlatformEvent, parseDelivery } from './event.ts';
import type { Key, Secrets } from './secrets.ts';
import { type Envelope, isSigned, type Refusal } from './signature.ts';
import type { InboundStore } from './store.ts';

export type Receipt =
  | { is: 'taken'; event: PlatformEvent }
  | { is: 'repeated' | 'not-by-contract' }
  /** To be answered with the same challenge. */
  | { is: 'challenge'; challenge: string }
  /** Of a subscription that is not ours. */
  | { is: 'challenge-refused' }
  | { is: 'refused'; because: Refusal };

/** @throws what the database throws: then nothing is known, and the platform is to try again. */
export type Receive = (envelope: Envelope, body: Uint8Array) => Promise<Receipt>;

export const createReceive = ({
  secrets,
  store,
  heard,
  log,
}: {
  secrets: Secrets;
  store: Pick<InboundStore, 'put'>;
  /** Is told when each event happened that is told, new or not. */
  heard?: (occurredAt: Date) => void;
  log: Log;
}): Receive => {
  /** By which of the keys it is signed is for nobody to know; that one of them did it is. */
  const signers = async (envelope: Envelope, body: Uint8Array): Promise<readonly Key[] | undefined> => {
    const keysOf = (keys: readonly Key[]) => keys.map(({ key }) => key);
    const current = await secrets.current();
    if (isSigned(envelope, body, keysOf(current))) return current;
    const again = await secrets.again();
    return again && isSigned(envelope, body, keysOf(again)) ? again : undefined;
  };

  return async (envelope, body) => {
    const keys = await signers(envelope, body);
    if (!keys) return { is: 'refused', because: 'signature' };
    const delivery = parseDelivery(body, envelope.id);
    if (delivery && isChallenge(delivery)) {
      const { subscriptionId, challenge } = delivery;
      const isOurs = keys.some((key) => key.subscriptionId === subscriptionId);
      return isOurs ? { is: 'challenge', challenge } : { is: 'challenge-refused' };
    }
    const isNew = delivery !== undefined && (await store.put(delivery, body));
    if (delivery?.occurredAt) heard?.(delivery.occurredAt);
    if (!delivery || isUnknown(delivery)) {
      log.warn('webhook-not-by-contract');
      return { is: 'not-by-contract' };
    }
    return isNew ? { is: 'taken', event: delivery } : { is: 'repeated' };
  };
};
