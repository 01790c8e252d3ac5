/**
 * The state of a simulation on disk: an append-only file, so that a platform that is killed remembers what it has done.
 *
 * What changes within one synchronous turn is one line: after a SIGKILL a door has opened, is in the ledger, in the
 * journal and in its operation, or in none of them. A line is written at once; `onDisk` waits for the `fdatasync` of
 * every effect so far (one for all that wait), and no answer leaves before it. A line that was cut is dropped.
 */
import { closeSync, fdatasync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Keep, ON_DISK_FIRST, type StateRecord } from './records.ts';

const FILE = 'state.jsonl';

export type StateSession = {
  /** Of the simulation that this one goes on with, oldest first; empty for a fresh one. */
  kept: readonly StateRecord[];
  /** Does nothing once another session has begun. */
  keep: Keep;
};
export type StateFile = {
  /** The first session goes on with what the file holds; each later one empties it. */
  begin(): StateSession;
  /** Resolves when every effect so far is on disk; at once when there is nothing to wait for. */
  onDisk(): Promise<void>;
  close(): Promise<void>;
};

/** For a simulation that lives in memory. */
export const createNoState = (): StateFile => ({
  begin: () => ({ kept: [], keep: () => {} }),
  onDisk: () => Promise.resolve(),
  close: () => Promise.resolve(),
});

const toDisk = promisify(fdatasync);

/** The records of whole lines, and how many bytes those are. */
const read = (path: string, bytes: Buffer): { kept: StateRecord[]; length: number } => {
  const length = bytes.lastIndexOf('\n') + 1;
  const lines = bytes.subarray(0, length).toString('utf8').split('\n').slice(0, -1);
  const kept = lines.flatMap((line, index) => {
    try {
      return JSON.parse(line) as StateRecord[];
    } catch (cause) {
      throw new Error(`${path}:${index + 1} is not what a simulator writes: delete the file to begin anew`, { cause });
    }
  });
  return { kept, length };
};

const writeAll = (file: number, bytes: Buffer): void => {
  for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
};

/** Throws when the file can't be written, or holds what no simulator has written. */
export const createStateFile = ({ directory }: { directory: string }): StateFile => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, FILE);
  const file = openSync(path, 'a', 0o600);
  let found: StateRecord[] | undefined = [];
  try {
    const { kept, length } = read(path, readFileSync(path));
    ftruncateSync(file, length);
    found = kept;
  } catch (error) {
    closeSync(file);
    throw error;
  }

  let session = 0;
  let closed = false;
  /** Of this turn, not written yet. */
  let turn: StateRecord[] = [];
  let unsafe = false;
  let syncing: Promise<void> | undefined;

  const write = (): void => {
    if (turn.length === 0) return;
    const records = turn;
    turn = [];
    writeAll(file, Buffer.from(`${JSON.stringify(records)}\n`));
    if (records.some(({ is }) => ON_DISK_FIRST.has(is))) unsafe = true;
  };
  const sync = async (): Promise<void> => {
    unsafe = false;
    await toDisk(file);
    syncing = undefined;
  };
  const onDisk = async (): Promise<void> => {
    write();
    // One that has begun before our effect was written may not have seen it.
    if (unsafe && syncing) await syncing;
    if (unsafe) syncing ??= sync();
    await syncing;
  };

  return {
    begin() {
      session += 1;
      const ours = session;
      if (!found) {
        turn = [];
        ftruncateSync(file, 0);
      }
      const kept = found ?? [];
      found = undefined;
      return {
        kept,
        keep(record) {
          if (ours !== session || closed) return;
          turn.push(record);
          if (turn.length === 1) queueMicrotask(() => closed || write());
        },
      };
    },
    onDisk: () => (closed ? Promise.resolve() : onDisk()),
    async close() {
      if (closed) return;
      await onDisk();
      closed = true;
      closeSync(file);
    },
  };
};
