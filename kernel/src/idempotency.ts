/**
 * An intent is told by its idempotency key: made once by whoever wants something, sent again with every retry. The
 * fingerprint of its input tells a retry from another intent under the same key.
 */
import { createHash } from 'node:crypto';
import { HouseError } from './errors.ts';

const KEY = /^[\x21-\x7e]{1,200}$/;

/** @throws HouseError `BAD_USER_INPUT` for a key that is not 1 to 200 visible ASCII characters. */
export const requireIdempotencyKey = (key: string): void => {
  if (!KEY.test(key))
    throw new HouseError('BAD_USER_INPUT', {
      message: 'An idempotency key has 1 to 200 visible ASCII characters.',
      path: ['input', 'idempotencyKey'],
    });
};

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

/**
 * SHA-256 of what is wanted: its kind and its input without the key. The order of fields does not matter, the order of
 * a list does; an absent field and `null` differ.
 */
export const fingerprint = (kind: string, input: Readonly<Record<string, unknown>>): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([kind, canonical(input)]))
    .digest();
