import type { Random } from '@house/kernel/clock';
import { later } from '@house/kernel/clock';
import type { Queryable } from '@house/kernel/database';
import { CLASSES, type OutboxStore } from '@house/kernel/outbox';
import type { Member } from './household.ts';
import type { MembershipsStore } from './store.ts';

/** Memberships of one person in one premises, and everybody there. */
export type Ending = { ended: readonly [Member, ...Member[]]; household: readonly Member[] };

export type EndMemberships = (transaction: Queryable, ending: Ending, now: Date) => Promise<void>;

/**
 * Revokes, and promises in the same transaction that the platform forgets the person in those premises, before it does
 * anything else for anybody. Whoever is still there by another membership stays known.
 */
export const createEndMemberships =
  ({
    store,
    outbox,
    random,
  }: {
    store: Pick<MembershipsStore, 'revoke'>;
    outbox: Pick<OutboxStore, 'put'>;
    random: Random;
  }): EndMemberships =>
  async (transaction, { ended, household }, now) => {
    const [{ personId, account, premisesId }] = ended;
    const ids = ended.map(({ id }) => id);
    await store.revoke(transaction, ids);
    const stays = household.some(
      (other) => other.personId === personId && other.status === 'ACTIVE' && !ids.includes(other.id),
    );
    if (stays) return;
    await outbox.put(transaction, {
      id: `sr_${Buffer.from(random(16)).toString('base64url')}`,
      kind: 'SUBJECT_REMOVE',
      class: 'safety',
      orderKey: `subject|${account}|${premisesId}`,
      body: { subject: account, premisesId },
      createdAt: now,
      notAfter: later(now, CLASSES.safety.lifeMs),
    });
  };
