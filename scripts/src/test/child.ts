/** Programs that run beside the tests: started, watched, and always stopped. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type RunningService = {
  /** Asks it to end, then ends it. Resolves when it is gone; safe to call twice. */
  stop(): Promise<void>;
  /** Rejects with the program's last words if it ends before it was asked to. */
  readonly failed: Promise<never>;
};

/** How long a program may take to end by itself. */
const STOP_LIMIT_MS = 8_000;
const LAST_WORDS_CHARACTERS = 4_000;

const gone = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

/** Asks `child` to end with `signal`; kills it after the limit. */
const end = async (child: ChildProcess, signal: NodeJS.Signals, limitMs = STOP_LIMIT_MS): Promise<void> => {
  if (child.pid === undefined) return;
  const ended = gone(child);
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  await ended;
  clearTimeout(timer);
};

/** Starts a service. `stopSignal` is what makes it end without waiting for its clients. */
export const startService = (
  command: string,
  parameters: readonly string[],
  { stopSignal, ...options }: SpawnOptions & { stopSignal: NodeJS.Signals },
): RunningService => {
  const child = spawn(command, [...parameters], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let lastWords = '';
  const listen = (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString()).slice(-LAST_WORDS_CHARACTERS);
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`${command} ended (${signal ?? code}):\n${lastWords}`)));
  });
  // Whoever waits for the start hears it; afterwards the tests themselves notice.
  failed.catch(() => undefined);
  return { failed, stop: () => end(child, stopSignal) };
};

/** A port of the loopback address that was free a moment ago. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });

const POLL_MS = 50;

/** Calls `attempt` until it resolves; gives up when the service fails or the limit is over. */
export const untilReady = async <T>(
  { failed }: RunningService,
  attempt: () => Promise<T>,
  limitMs = 20_000,
): Promise<T> => {
  const abandoned = AbortSignal.timeout(limitMs);
  for (;;) {
    try {
      return await Promise.race([attempt(), failed]);
    } catch (error) {
      await Promise.race([delay(POLL_MS), failed]);
      if (abandoned.aborted) throw error;
    }
  }
};

/** How often a service is started anew when someone else took its port first. */
const PORT_ATTEMPTS = 3;

/** Starts on a free port; tries another when that one was taken between looking and listening. */
export const onFreePort = async <T>(start: (port: number) => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !/address already in use/i.test(String(error))) throw error;
    }
  }
};
