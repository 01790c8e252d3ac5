/** A benchmark's child process: starts, says what it is, tells its CPU time when asked, and ends with its parent. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

type Message<T> = { started: T } | { cpuMs: number } | { failed: string };

/** In the child: `start` with the parent's argument, then answer its questions. */
export const serveParent = <T extends { stop(): Promise<void> }>(start: (argument: unknown) => Promise<T>): void => {
  const argument: unknown = JSON.parse(process.argv[2] ?? 'null');
  const send = (message: Message<unknown>): void => void process.send?.(message);
  start(argument).then(
    ({ stop, ...started }) => {
      process.on('message', () => {
        const { user, system } = process.cpuUsage();
        send({ cpuMs: (user + system) / 1_000 });
      });
      process.once('disconnect', () => void stop().finally(() => process.exit(0)));
      send({ started });
    },
    (error: unknown) => {
      send({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      process.exit(1);
    },
  );
};

export type Child<T> = T & {
  /** User and system time of the process so far, in milliseconds. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
};

const nextMessage = async (child: ChildProcess): Promise<Message<unknown>> => {
  const over = new AbortController();
  const [message] = (await Promise.race([
    once(child, 'message', { signal: over.signal }),
    once(child, 'exit', { signal: over.signal }).then(([code, signal]) => {
      throw new Error(`the process ended by ${code ?? signal} before it answered`);
    }),
  ]).finally(() => over.abort())) as [Message<unknown>];
  if ('failed' in message) throw new Error(message.failed);
  return message;
};

/** In the parent: runs `file` of this folder. */
export const startChild = async <T>(file: string, argument: unknown = null): Promise<Child<T>> => {
  const child = fork(join(import.meta.dirname, file), [JSON.stringify(argument)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const message = await nextMessage(child);
  if (!('started' in message)) throw new Error(`${file} did not say that it had started`);
  return {
    ...(message.started as T),
    cpuMs: async () => {
      child.send('cpu');
      const answer = await nextMessage(child);
      return 'cpuMs' in answer ? answer.cpuMs : Number.NaN;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
};
