import { createHash } from 'node:crypto';
import type { Clock, Random } from '@house/kernel/clock';
import type { Database, Queryable } from '@house/kernel/database';
import { HouseError } from '@house/kernel/errors';
import type { NewCommand, OutboxStore, Relay } from '@house/kernel/outbox';
import type { OperationKind, OperationRecord, OperationStore } from './store.ts';

/** What a use case decided to promise. */
export type Plan = Pick<NewCommand, 'class' | 'orderKey' | 'body' | 'notAfter'> & {
  premisesId: string;
  /** What the operation is about. */
  objectId: string;
  /** Rows that must exist exactly when the operation does. */
  store?: (transaction: Queryable, operation: { id: string; createdAt: Date }) => Promise<void>;
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

const KEY = /^[\x21-\x7e]{1,200}$/;

/** Keys in a fixed order, absent values left out: the same input gives the same text whoever wrote it. */
const canonical = (value: unknown): unknown => {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, canonical(member)]),
  );
};

const fingerprint = (kind: OperationKind, input: unknown): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([kind, canonical(input)]))
    .digest();

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
    if (!KEY.test(idempotencyKey))
      throw new HouseError('BAD_USER_INPUT', {
        message: 'An idempotency key has 1 to 200 visible ASCII characters.',
        path: ['input', 'idempotencyKey'],
      });
    const inputSha256 = fingerprint(kind, input);
    const sameOrRefused = (known: OperationRecord): OperationRecord => {
      if (known.inputSha256.equals(inputSha256)) return known;
      throw new HouseError('IDEMPOTENCY_KEY_REUSED', { path: ['input', 'idempotencyKey'] });
    };

    const known = await operations.byKey(subject, idempotencyKey);
    if (known) return sameOrRefused(known);

    const createdAt = clock();
    const { store, premisesId, objectId, class: commandClass, orderKey, body, notAfter } = await plan(createdAt);
    const id = `op_${Buffer.from(random(16)).toString('base64url')}`;
    const accepted = await database.transaction(async (transaction) => {
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
      await store?.(transaction, { id, createdAt });
      await outbox.put(transaction, { id, kind, class: commandClass, orderKey, body, createdAt, notAfter });
      return true;
    });
    if (accepted) wake({ id, class: commandClass });
    const operation = await operations.byKey(subject, idempotencyKey);
    if (!operation) throw new Error('an operation that was just written is missing');
    return accepted ? operation : sameOrRefused(operation);
  };
