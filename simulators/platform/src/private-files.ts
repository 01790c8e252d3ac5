/** Files that are their owner's alone: mode 0600, whole or not there. */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';

/** Undefined when there is none. With `secret`, one that others can read is refused by name, not repaired. */
export const readOwn = (path: string, { secret }: { secret: boolean }): string | undefined => {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return undefined;
  if (secret && (mode & 0o077) !== 0)
    throw new Error(`${path} can be read by others: run chmod 600 on it, or delete it, and a new one is made`);
  return readFileSync(path, 'utf8');
};

/** Renamed into place, so that a crash leaves either the file before or the whole new one. */
export const writeOwn = (path: string, text: string): void => {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(fresh, text, { mode: 0o600 });
  renameSync(fresh, path);
};

/** Leaves a file alone that says so already: whoever watches it is not told of nothing. */
export const keepOwn = (path: string, text: string): void => {
  if (readOwn(path, { secret: false }) !== text) writeOwn(path, text);
};
