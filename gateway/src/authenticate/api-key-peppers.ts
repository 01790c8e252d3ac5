/**
 * The keys under which the secrets of API keys are stored, in a file: one a line, 32 bytes in base64 each. Who has read the
 * table without it can check no guess.
 */
import { createHmac, createSecretKey } from 'node:crypto';
import type { Clock } from '@house/kernel/clock';
import type { Log } from '@house/kernel/telemetry';
import { watchFiles } from '@house/kernel/watched-files';
import { parseNonceKeys } from './nonce-keys.ts';

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

/** @throws TypeError for what is no such file; it does not repeat what stands there. */
export const parsePeppers = (text: string): ReturnType<Peppers> => {
  const [first, ...others] = parseNonceKeys(text) ?? [];
  if (!first) throw new TypeError('expected 32 bytes in base64 on each line');
  return [pepperOf(first), ...others.map(pepperOf)];
};

/**
 * Reads the file again when it has changed; one that cannot be used leaves the peppers as they were. To rotate without a key
 * refused, give every gateway the new one on the second line first, and put it on the first line when all have read it.
 * @throws when the file cannot be used at the start.
 */
export const watchPeppers = ({ file, clock, log }: { file: string; clock: Clock; log: Log }): Peppers => {
  const watched = watchFiles({
    paths: { file },
    parse: ({ file: text = '' }) => parsePeppers(text),
    clock,
    changed: () => log.info('api-key-peppers-reloaded'),
    refused: (error) => log.error('api-key-peppers-refused', { error }),
  });
  return () => watched();
};
