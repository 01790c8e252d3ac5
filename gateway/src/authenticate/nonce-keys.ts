/** The keys of nonces in a file: one a line, 32 bytes in base64 each. */
import type { Clock } from '@house/kernel/clock';
import type { Log } from '@house/kernel/telemetry';
import { watchFiles } from '@house/kernel/watched-files';
import type { NonceKeys } from './dpop-nonce.ts';

const KEY_BYTES = 32;

/** @returns undefined for what is no such file. */
export const parseNonceKeys = (text: string): ReturnType<NonceKeys> | undefined => {
  const [first, ...others] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => Buffer.from(line, 'base64'));
  if (!first || [first, ...others].some(({ length }) => length !== KEY_BYTES)) return undefined;
  return [first, ...others];
};

/**
 * Reads the file again when it has changed; one that cannot be used leaves the keys as they were. To rotate without a nonce
 * refused, give every gateway the new key on the second line first, and put it on the first line when all have read it.
 * @throws when the file cannot be used at the start.
 */
export const watchNonceKeys = ({ file, clock, log }: { file: string; clock: Clock; log: Log }): NonceKeys => {
  const watched = watchFiles({
    paths: { file },
    parse: ({ file: text = '' }) => {
      const keys = parseNonceKeys(text);
      // The message does not repeat what stands there.
      if (!keys) throw new TypeError('expected 32 bytes in base64 on each line');
      return keys;
    },
    clock,
    changed: () => log.info('nonce-keys-reloaded'),
    refused: (error) => log.error('nonce-keys-refused', { error }),
  });
  return () => watched();
};
