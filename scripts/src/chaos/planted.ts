/**
 * The seeded bugs, planted around the parts of smart-home from outside: none of them is in the product. Each makes the
 * mistake that the guarantee of its name keeps others from.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@house/kernel/database';
import type { Command, Handler, OutboxStore } from '@house/kernel/outbox';
import type { Alterations } from '@house/smart-home/app';
import type { OperationStore } from '@house/smart-home/operations/operations';
import type { Access, OpenOrder, Platform } from '@house/smart-home/platform/platform';
import type { Bug } from './bugs.ts';

/** Orders to open as the bug would give them. */
const withOrders =
  (change: (order: OpenOrder) => OpenOrder) =>
  (platform: Platform): Platform => ({
    ...platform,
    access: async (siteId, sentBy) => {
      const access: Access = await platform.access(siteId, sentBy);
      return {
        ...access,
        open: (order, signal) => access.open(change(order), signal),
        outcome: (order, signal) => access.outcome(change(order), signal),
      };
    },
  });

const onlyOpens =
  (change: (handler: Handler) => Handler): NonNullable<Alterations['handlers']> =>
  ({ OPEN, ...others }) => ({ ...others, ...(OPEN && { OPEN: change(OPEN) }) });

const withStore =
  (change: (store: OutboxStore, database: Database) => Partial<OutboxStore>) =>
  (store: OutboxStore, database: Database): OutboxStore => ({ ...store, ...change(store, database) });

/** Longer than the time from one sweep to the next. */
const SLOW_MS = 400;
const LONG_MS = 60 * 60 * 1_000;
/** Equal to any other. */
const ANY_INPUT = Object.assign(Buffer.alloc(32), { equals: () => true });

const anyInput = (store: OperationStore): OperationStore => ({
  ...store,
  byKey: async (...asked) => {
    const known = await store.byKey(...asked);
    return known && { ...known, inputSha256: ANY_INPUT };
  },
});

export const PLANTED: Readonly<Record<Exclude<Bug, 'ack-before-commit'>, Alterations>> = {
  'new-key-per-attempt': {
    platform: withOrders((order) => (order.attempts > 1 ? { ...order, key: `${order.key}-${order.attempts}` } : order)),
  },
  'no-deadline': {
    outbox: withStore(({ put }) => ({
      put: (transaction, command) =>
        put(transaction, { ...command, notAfter: new Date(command.notAfter.getTime() + LONG_MS) }),
    })),
  },
  'no-reconcile': {
    handlers: onlyOpens((open) => ({
      ...open,
      send: async (command, signal) => {
        const outcome = await open.send(command, signal);
        return outcome.is === 'ambiguous' ? { is: 'failed', code: 'PLATFORM_UNAVAILABLE' } : outcome;
      },
      confirm: async () => ({ is: 'failed', code: 'PLATFORM_UNAVAILABLE' }),
    })),
  },
  'no-ordering': {
    outbox: withStore(({ put }) => ({
      put: (transaction, command) => put(transaction, { ...command, orderKey: null }),
    })),
  },
  'no-sweeper': { outbox: withStore(() => ({ due: async () => [] })) },
  'no-fencing': {
    // Long enough for another worker to come by.
    handlers: onlyOpens((open) => ({ ...open, permit: (command) => delay(SLOW_MS).then(() => open.permit(command)) })),
    outbox: withStore((store, database) => {
      /** Whoever writes holds it, whoever else may be at it and although it has ended. */
      const seize = async (command: Command, now: Date): Promise<Command> => {
        const [row] = await database.query<{ lease_token: number }>(
          'UPDATE outbox.commands SET finished_at = NULL, lease_until = $2 WHERE id = $1 RETURNING lease_token',
          [command.id, new Date(now.getTime() + LONG_MS)],
        );
        return { ...command, leaseToken: row?.lease_token ?? command.leaseToken };
      };
      return {
        due: async (now, limit) => {
          await database.query('UPDATE outbox.commands SET lease_until = NULL WHERE lease_until > $1', [now]);
          return store.due(now, limit);
        },
        markSent: async (command, now) => store.markSent(await seize(command, now), now),
        settle: async (command, decision, now) => store.settle(await seize(command, now), decision, now),
      };
    }),
  },
  'retry-on-toggle': {
    platform: (platform) => ({
      ...withOrders((order) => ({ ...order, actuation: 'MOMENTARY' }))(platform),
      accessPoints: async (unit) =>
        (await platform.accessPoints(unit)).map((point) => ({ ...point, actuation: 'MOMENTARY' })),
    }),
  },
  'key-reuse-accepted': { operations: anyInput },
  'stale-permission': { handlers: onlyOpens((open) => ({ ...open, permit: async () => null })) },
  'repeat-after-crash': { outbox: withStore(() => ({ markSent: async () => true })) },
  'expired-when-uncertain': {
    outbox: withStore(({ settle }) => ({
      settle: (command, decision, now) =>
        settle(
          command,
          decision.state === 'UNKNOWN_OUTCOME'
            ? { then: 'finish', state: 'EXPIRED', code: 'DEADLINE_PASSED' }
            : decision,
          now,
        ),
    })),
  },
};
