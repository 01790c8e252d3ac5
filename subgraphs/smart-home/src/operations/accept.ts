import type { Clock, Random } from '@house/kernel/clock';
import type { Database, Queryable } from '@house/kernel/database';
import { HouseError } from '@house/kernel/errors';
import { fingerprint, requireIdempotencyKey } from '@house/kernel/idempotency';
import type { NewCommand, OutboxStore, Relay } from '@house/kernel/outbox';
import type { OperationKind, OperationRecord, OperationStore } from './store.ts';

/** What a use case decided to promise. */
export type Plan = Pick<NewCommand, 'class' | 'orderKey' | 'notAfter'> & {
  premisesId: string;
  /**
   * Decides what the tables alone can tell, while nobody else decides about the same order key. Writes nothing; a refusal
   * is thrown.
   */
  bind: (transaction: Queryable) => Promise<Bound>;
};

export type Bound = Pick<NewCommand, 'body'> & {
  /** What the operation is about. */
  objectId: string;
  /** Rows that must exist exactly when the operation does. */
  store?: (operation: { id: string; createdAt: Date }) => Promise<void>;
};

export type Intent = {
  kind: OperationKind;
  subject: string;
  idempotencyKey: string;
  /** The input as it was sent, without the key: a repeat must be equal to it. */
  input: Readonly<Record<string, unknown>>;
  /** Decides; a refusal is thrown, and then nothing is stored and the key stays unused. */
  plan: (now: Date) => Promise<Plan>;
};

/**
 * Promises the effect of an intent once per subject and key.
 * @returns the operation: the first one when the key was used with the same input.
 * @throws HouseError `IDEMPOTENCY_KEY_REUSED` when it was used with another.
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
  async ({ kind, subject, idempotencyKey, input, plan }) => {
    requireIdempotencyKey(idempotencyKey);
    const inputSha256 = fingerprint(kind, input);
    const sameOrRefused = (known: OperationRecord): OperationRecord => {
      if (known.inputSha256.equals(inputSha256)) return known;
      throw new HouseError('IDEMPOTENCY_KEY_REUSED', { path: ['input', 'idempotencyKey'] });
    };

    const known = await operations.byKey(subject, idempotencyKey);
    if (known) return sameOrRefused(known);

    const createdAt = clock();
    const id = `op_${Buffer.from(random(16)).toString('base64url')}`;
    const promise = async ({ premisesId, class: commandClass, orderKey, notAfter, bind }: Plan): Promise<boolean> =>
      database.transaction(async (transaction) => {
        if (orderKey !== null) await outbox.lockOrder(transaction, orderKey);
        // Looked for before `bind` holds a row: delivery takes the operation first and its rows after it.
        if (await operations.byKey(subject, idempotencyKey, transaction)) return false;
        const { objectId, body, store } = await bind(transaction);
        const first = await operations.insert(transaction, {
          id,
          kind,
          subject,
          premisesId,
          objectId,
          inputSha256,
          createdAt,
          deadline: notAfter,
          idempotencyKey,
        });
        if (!first) return false;
        await store?.({ id, createdAt });
        await outbox.put(transaction, { id, kind, class: commandClass, orderKey, body, createdAt, notAfter });
        return true;
      });

    try {
      const decided = await plan(createdAt);
      if (await promise(decided)) wake({ id, class: decided.class });
    } catch (error) {
      // Sent twice at once: the second is judged by what the first has changed, and must be answered like the first.
      const first = error instanceof HouseError ? await operations.byKey(subject, idempotencyKey) : undefined;
      if (!first) throw error;
      return sameOrRefused(first);
    }
    const operation = await operations.byKey(subject, idempotencyKey);
    if (!operation) throw new Error('an operation that was just written is missing');
    return sameOrRefused(operation);
  };
