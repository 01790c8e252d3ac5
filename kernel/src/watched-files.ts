/**
 * What stands in files that may be replaced while we run: keys, certificates, pins. Nobody watches in the background; whoever
 * uses the value asks for it, and the files are looked at then.
 */
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import type { Clock } from './clock.ts';

/** A look costs some microseconds per file; a rotation that is noticed within a second is soon enough. */
const LOOK_EVERY_MS = 1_000;

/**
 * The value as the files had it at most `maxAgeMs` ago (a second when left out, 0 looks at once): the same object until a
 * file changes. Never throws, and never answers with what could not be used.
 */
export type Watched<T> = (maxAgeMs?: number) => T;

const stampOf = (path: string): string => {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return 'unreadable';
  }
};

/**
 * Reads the files, and again when one of them has changed. What cannot be used (half written, halves that do not belong
 * together yet) leaves the former value in use; it is told once and tried again at every look.
 *
 * @param parse throws when the contents cannot be used. An absent path has no content.
 * @throws what `parse` or the file system throws, the first time.
 */
export const watchFiles = <Name extends string, T>({
  paths,
  parse,
  clock,
  changed,
  refused,
}: {
  paths: Readonly<Record<Name, string | undefined>>;
  parse: (contents: Readonly<Record<Name, string | undefined>>) => T;
  clock: Clock;
  changed?: () => void;
  refused?: (error: unknown) => void;
}): Watched<T> => {
  const files = Object.entries<string | undefined>(paths);
  const look = (): string => files.map(([, path]) => path && stampOf(path)).join('\n');
  const read = (): T =>
    parse(
      Object.fromEntries(files.map(([name, path]) => [name, path && readFileSync(path, 'utf8')])) as Record<
        Name,
        string | undefined
      >,
    );

  // Looked at before it is read: what changes in between is seen as changed by the next look.
  let stamps = look();
  let value = read();
  let lookedAt = clock().getTime();
  /** What could not be used, and why. */
  let told: string | undefined;

  return (maxAgeMs = LOOK_EVERY_MS) => {
    const now = clock().getTime();
    // A clock that was set back must not make us wait until it has caught up.
    if (Math.abs(now - lookedAt) < maxAgeMs) return value;
    lookedAt = now;
    const found = look();
    if (found === stamps) return value;
    try {
      value = read();
      stamps = found;
      told = undefined;
      changed?.();
    } catch (error) {
      // The files may be well and only our reading failed: they need not change for the next one to succeed.
      const failure = `${found}\n${error}`;
      if (failure !== told) refused?.(error);
      told = failure;
    }
    return value;
  };
};

/** As a variable: the path of a file that can be used now, and that is read again whenever it is replaced. */
export const watchedFile = (parse: (content: string) => unknown, expected: string) =>
  z.string('the path of a readable file').refine((path) => {
    try {
      parse(readFileSync(path, 'utf8'));
      return true;
    } catch {
      return false;
    }
  }, expected);
