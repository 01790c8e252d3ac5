/**
 * The keys under which the secrets of API keys are stored, in a file: one a line, 32 bytes in base64 each. Who has read the
 * table without it can check no guess.
 */
import { createHmac, createSecretKey } from 'node:crypto';
import type { Clock } from '@house/kernel/clock';
import type { Log } from '@house/kernel/telemetry';
import { type KeyLines, parseKeyLines, watchKeyLines } from './key-lines.ts';

export type Pepper = {
  /** Names it in the table. Made of it, and leads nowhere back. */
  readonly id: string;
  /** @returns 32 bytes. */
  hash(secret: string): Buffer;
};

/** The first is the one in use; under the others stands what has not been used since it came. */
export type Peppers = () => readonly [Pepper, ...Pepper[]];

const ID_LENGTH = 8;

export const pepperOf = (bytes: Uint8Array): Pepper => {
  const key = createSecretKey(bytes);
  const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  return { id: digest('which pepper').toString('base64url').slice(0, ID_LENGTH), hash: digest };
};

const peppersOf = ([first, ...others]: KeyLines): ReturnType<Peppers> => [pepperOf(first), ...others.map(pepperOf)];

/** @throws TypeError for what is no such file; it does not repeat what stands there. */
export const parsePeppers = (text: string): ReturnType<Peppers> => peppersOf(parseKeyLines(text));

/** Of a file (`key-lines.ts`). @throws when it cannot be used at the start. */
export const watchPeppers = ({ file, clock, log }: { file: string; clock: Clock; log: Log }): Peppers => {
  const watched = watchKeyLines({ name: 'api-key-peppers', file, make: peppersOf, clock, log });
  return () => watched();
};
