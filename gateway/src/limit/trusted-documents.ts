/**
 * The documents that apps were published with, by the SHA-256 of their text: the union of all publications, since an app
 * that was installed long ago still sends its own. A new publication is in force within a second.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@house/kernel/clock';
import type { Log } from '@house/kernel/telemetry';
import { z } from 'zod';

export type DocumentList = {
  /** Of the hash in lower-case hex. */
  textOf(hash: string): string | undefined;
  /** Whether the text is one of them, to the byte. */
  has(text: string): boolean;
  readonly size: number;
};

/** The list as it is now. */
export type TrustedDocuments = () => DocumentList;

/** `NNNN-name`; anything else is a publication under way. */
const PUBLICATION = /^\d{4}-/;
const FILE = 'operations.json';
const fileSchema = z.record(z.string(), z.object({ text: z.string() }));

const LOOK_EVERY_MS = 1_000;

export const hashOf = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

const filesIn = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => PUBLICATION.test(name))
    .toSorted()
    .map((name) => join(directory, name, FILE));

const readFile = (path: string): (readonly [hash: string, text: string])[] =>
  Object.entries(fileSchema.parse(JSON.parse(readFileSync(path, 'utf8')))).map(([hash, { text }]) => {
    if (hashOf(text) !== hash) throw new Error(`${path}: a text is not the one that its hash names`);
    return [hash, text] as const;
  });

/** @throws when the directory or one of its lists cannot be read, or a hash does not name its text. */
export const readTrustedDocuments = (directory: string): DocumentList => {
  const byHash = new Map(filesIn(directory).flatMap(readFile));
  const texts = new Set(byHash.values());
  return { textOf: (hash) => byHash.get(hash), has: (text) => texts.has(text), size: byHash.size };
};

const stampOf = (directory: string): string =>
  filesIn(directory)
    .map((path) => {
      const found = statSync(path, { bigint: true, throwIfNoEntry: false });
      return `${path} ${found?.ino} ${found?.size} ${found?.mtimeNs}`;
    })
    .join('\n');

/**
 * Looks again whenever it is asked for the list, at most once a second. What cannot be read is told and leaves the former
 * list in force; it is tried again when something has changed again.
 * @throws what `readTrustedDocuments` throws, the first time.
 */
export const watchTrustedDocuments = ({
  directory,
  clock,
  log,
}: {
  directory: string;
  clock: Clock;
  log: Log;
}): TrustedDocuments => {
  let stamp = stampOf(directory);
  let list = readTrustedDocuments(directory);
  let lookedAt = clock().getTime();

  const lookAgain = (): void => {
    const found = stampOf(directory);
    if (found === stamp) return;
    stamp = found;
    list = readTrustedDocuments(directory);
    log.info('documents-reloaded', { count: list.size });
  };
  return () => {
    const now = clock().getTime();
    // A clock that was set back must not make us wait until it has caught up.
    if (Math.abs(now - lookedAt) < LOOK_EVERY_MS) return list;
    lookedAt = now;
    try {
      lookAgain();
    } catch (error) {
      log.error('documents-refused', { error });
    }
    return list;
  };
};
