/**
 * A process that is killed without warning and started again at once, as a process manager would: same command, same
 * port, same folders. Everything it says goes to one file.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type ProgramOptions = {
  name: string;
  command: string;
  parameters: readonly string[];
  options?: SpawnOptions;
  /** Where it listens once it is ready. */
  port: number;
  /** Resolves when it can serve; listening is enough when left out. */
  ready?: () => Promise<unknown>;
  /** The file of its output. */
  log: string;
  /** What stops it, where it leaves something behind when it is killed. */
  stopSignal?: NodeJS.Signals;
};

export type Program = {
  readonly name: string;
  /** It is ready, and neither paused nor on its way down. */
  isUp(): boolean;
  /** Resolves when it is up, however often it has to be started for that. @throws when that takes longer than `limitMs`. */
  up(limitMs?: number): Promise<void>;
  /** SIGKILL. It is started again at once. */
  kill(): void;
  /** Stands still (SIGSTOP) for that long, unless it is killed meanwhile. */
  pause(ms: number): Promise<void>;
  /** Called each time it has become ready again; it does not reject. */
  onUp(react: () => Promise<void>): void;
  /** How often it ended by itself after it had been ready. */
  ownEnds(): number;
  /** SIGTERM, as an operator sends it, each time that it is called. It is not started again. @returns its exit code. */
  end(): Promise<number | null>;
  /** Starts what was ended; resolves when it is up. */
  start(): Promise<void>;
  /** Ends it for good and at once. */
  stop(): Promise<void>;
};

const POLL_MS = 40;
/** A program that cannot start yet, because what it needs is down, is started again after this. */
const RESTART_AFTER_MS = 200;
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 8_000;

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });

const serves = async (port: number, ready: ProgramOptions['ready']): Promise<boolean> => {
  if (!(await listens(port))) return false;
  try {
    await ready?.();
    return true;
  } catch {
    return false;
  }
};

export const startProgram = ({
  name,
  command,
  parameters,
  options,
  port,
  ready,
  log,
  stopSignal = 'SIGKILL',
}: ProgramOptions): Program => {
  let child: ChildProcess | undefined;
  let isReady = false;
  let paused = false;
  let wanted = true;
  let ordered = false;
  let ownEnds = 0;
  let exited: Promise<number | null> = Promise.resolve(null);
  const reactions: (() => Promise<void>)[] = [];

  const watch = async (started: ChildProcess): Promise<void> => {
    while (child === started && wanted) {
      const open = await serves(port, ready);
      if (child !== started) return;
      if (open) {
        isReady = true;
        return void Promise.all(reactions.map((react) => react()));
      }
      await delay(POLL_MS);
    }
  };

  const begin = (): void => {
    const output = openSync(log, 'a');
    const started = spawn(command, [...parameters], { ...options, stdio: ['ignore', output, output] });
    closeSync(output);
    child = started;
    ordered = false;
    paused = false;
    const { promise, resolve } = Promise.withResolvers<number | null>();
    exited = promise;
    const ended = (code: number | null): void => {
      if (child !== started) return;
      child = undefined;
      if (isReady && !ordered) ownEnds += 1;
      const again = ordered ? 0 : RESTART_AFTER_MS;
      isReady = false;
      resolve(code);
      if (wanted) setTimeout(() => wanted && !child && begin(), again);
    };
    started.once('exit', ended);
    started.once('error', () => ended(null));
    void watch(started);
  };
  begin();

  const isUp = (): boolean => isReady && !paused && !ordered;
  const up = async (limitMs = START_LIMIT_MS): Promise<void> => {
    const limit = AbortSignal.timeout(limitMs);
    while (!isUp()) {
      if (limit.aborted) throw new Error(`${name} did not become ready; what it said is in ${log}`);
      await delay(POLL_MS);
    }
  };
  const order = (signal: NodeJS.Signals): void => {
    ordered = true;
    child?.kill(signal);
  };
  return {
    name,
    isUp,
    up,
    kill: () => order('SIGKILL'),
    pause: async (ms) => {
      const held = child;
      if (!held || paused) return;
      paused = true;
      held.kill('SIGSTOP');
      await delay(ms);
      if (child !== held) return;
      held.kill('SIGCONT');
      paused = false;
    },
    onUp: (react) => void reactions.push(react),
    ownEnds: () => ownEnds,
    end: () => {
      wanted = false;
      order('SIGTERM');
      return exited;
    },
    start: async () => {
      wanted = true;
      if (!child) begin();
      await up();
    },
    stop: async () => {
      wanted = false;
      order(stopSignal);
      const timer = setTimeout(() => order('SIGKILL'), STOP_LIMIT_MS);
      await exited;
      clearTimeout(timer);
    },
  };
};
