/** Sets of secret keys in a file: one a line, 32 bytes in base64 each. The first makes what is new, every one is accepted. */
import type { Clock } from '@house/kernel/clock';
import type { Log } from '@house/kernel/telemetry';
import { type Watched, watchFiles } from '@house/kernel/watched-files';

const KEY_BYTES = 32;

export type KeyLines = readonly [Uint8Array, ...Uint8Array[]];

/** @throws TypeError for what is no such file; it does not repeat what stands there. */
export const parseKeyLines = (text: string): KeyLines => {
  const [first, ...others] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => Buffer.from(line, 'base64'));
  if (!first || [first, ...others].some(({ length }) => length !== KEY_BYTES))
    throw new TypeError('expected 32 bytes in base64 on each line');
  return [first, ...others];
};

/**
 * Reads the file again when it has changed; one that cannot be used leaves the keys as they were. To rotate without a
 * refusal, give every gateway the new key on the second line first, and put it on the first line when all have read it.
 * @param name what the log calls them.
 * @throws when the file cannot be used at the start.
 */
export const watchKeyLines = <T>({
  name,
  file,
  make,
  clock,
  log,
}: {
  name: 'nonce-keys' | 'api-key-peppers';
  file: string;
  make: (keys: KeyLines) => T;
  clock: Clock;
  log: Log;
}): Watched<T> =>
  watchFiles({
    paths: { file },
    parse: ({ file: text = '' }) => make(parseKeyLines(text)),
    clock,
    changed: () => log.info(`${name}-reloaded`),
    refused: (error) => log.error(`${name}-refused`, { error }),
  });
