import type { Clock, Random } from '@house/kernel/clock';
import type { Database, Queryable } from '@house/kernel/database';
import { HouseError } from '@house/kernel/errors';
import { fingerprint, requireIdempotencyKey } from '@house/kernel/idempotency';
import type { NewCommand, OutboxStore, Relay } from '@house/kernel/outbox';
import type { Principal } from '@house/kernel/principal';
import { type Deadline, transactInTime } from '@house/kernel/subgraph';
import type { OperationKind, OperationRecord } from './record.ts';
import type { OperationStore } from './store.ts';

/** Who wants it, and until when they wait for the answer. */
export type Asker = { readonly principal: Principal; readonly deadline: Deadline };

/** What a use case decided to promise. */
export type Plan = Pick<NewCommand, 'class' | 'orderKey' | 'notAfter'> & {
  premisesId: string;
  /** Nobody else decides about the same while `bind` does; by default the order key. */
  decidedUnder?: string;
  /** Decides what the tables alone can tell. Writes nothing; a refusal is thrown. */
  bind: (transaction: Queryable) => Promise<Bound>;
};

export type Bound =
  /** It is promised already: this operation is the answer. */
  | { joins: string }
  /** A promise of its own that another operation's command keeps. `bind` holds that one. */
  | { objectId: string; leader: OperationRecord }
  | (Pick<NewCommand, 'body'> & {
      /** What the operation is about. */
      objectId: string;
      /** Rows that must exist exactly when the operation does. */
      store?: (operation: { id: string; createdAt: Date }) => Promise<void>;
    });

export type Intent = {
  kind: OperationKind;
  subject: string;
  idempotencyKey: string;
  /** The input as it was sent, without the key: a repeat must be equal to it. */
  input: Readonly<Record<string, unknown>>;
  /** Of the request: what is not promised within it is not promised. */
  deadline: Deadline;
  /** Decides; a refusal is thrown, and then nothing is stored and the key stays unused. */
  plan: (now: Date) => Promise<Plan>;
};

/**
 * Promises the effect of an intent once per subject and key.
 * @returns the operation: the one that the key was answered with when it was used with the same input.
 * @throws HouseError `IDEMPOTENCY_KEY_REUSED` when it was used with another; `DEADLINE_EXCEEDED`, and then nothing is
 * stored and the key stays unused.
 */
export type Accept = (intent: Intent) => Promise<OperationRecord>;

export const createAccept =
  ({
    database,
    operations,
    outbox,
    wake,
    clock,
    random,
  }: {
    database: Database;
    operations: OperationStore;
    outbox: OutboxStore;
    wake: Relay['wake'];
    clock: Clock;
    random: Random;
  }): Accept =>
  async ({ kind, subject, idempotencyKey, input, deadline, plan }) => {
    requireIdempotencyKey(idempotencyKey);
    const inputSha256 = fingerprint(kind, input);
    type Known = NonNullable<Awaited<ReturnType<OperationStore['byKey']>>>;
    const sameOrRefused = (known: Known): OperationRecord => {
      if (known.inputSha256.equals(inputSha256)) return known.operation;
      throw new HouseError('IDEMPOTENCY_KEY_REUSED', { path: ['input', 'idempotencyKey'] });
    };

    const known = await operations.byKey(subject, idempotencyKey);
    if (known) return sameOrRefused(known);

    const createdAt = clock();
    const id = `op_${Buffer.from(random(16)).toString('base64url')}`;
    /** Whether there is a command now that was not there before. */
    const promise = async (decided: Plan): Promise<boolean> =>
      transactInTime(database, deadline, async (transaction) => {
        const { premisesId, class: commandClass, orderKey, notAfter, decidedUnder = orderKey } = decided;
        if (decidedUnder !== null) await outbox.lockOrder(transaction, decidedUnder);
        // Looked for before `bind` decides by what the first use of the key has changed.
        if (await operations.byKey(subject, idempotencyKey, transaction)) return false;
        const bound = await decided.bind(transaction);
        const operationId = 'joins' in bound ? bound.joins : id;
        const key = { subject, idempotencyKey, operationId, inputSha256, createdAt };
        const first = await operations.putKey(transaction, key);
        if (!first || 'joins' in bound) return false;
        const { objectId } = bound;
        const operation = { id, kind, subject, premisesId, objectId, createdAt, deadline: notAfter };
        if ('leader' in bound) {
          await operations.insert(transaction, { ...operation, leader: bound.leader });
          return false;
        }
        await operations.insert(transaction, operation);
        await bound.store?.({ id, createdAt });
        await outbox.put(transaction, {
          id,
          kind,
          class: commandClass,
          orderKey,
          body: bound.body,
          createdAt,
          notAfter,
        });
        return true;
      });

    try {
      const decided = await deadline.next().bound(() => plan(createdAt));
      if (await promise(decided)) wake({ id, class: decided.class });
    } catch (error) {
      // Sent twice at once: the second is judged by what the first has changed, and must be answered like the first.
      const first = error instanceof HouseError ? await operations.byKey(subject, idempotencyKey) : undefined;
      if (!first) throw error;
      return sameOrRefused(first);
    }
    const kept = await operations.byKey(subject, idempotencyKey);
    if (!kept) throw new Error('an operation that was just written is missing');
    return sameOrRefused(kept);
  };
