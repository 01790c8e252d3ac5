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
  /** What ends it without waiting for its clients. */
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
  /** Ends it for good. */
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

export const startProgram = ({
  name,
  command,
  parameters,
  options,
  port,
  ready,
  log,
  stopSignal = 'SIGTERM',
}: ProgramOptions): Program => {
  let child: ChildProcess | undefined;
  let isReady = false;
  let paused = false;
  let stopped = false;
  let ordered = false;
  let ownEnds = 0;
  let over: Promise<void> = Promise.resolve();
  const reactions: (() => Promise<void>)[] = [];

  const watch = async (started: ChildProcess): Promise<void> => {
    while (child === started && !stopped) {
      const open =
        (await listens(port)) &&
        (!ready ||
          (await ready().then(
            () => true,
            () => false,
          )));
      if (child !== started) return;
      if (open) {
        isReady = true;
        return void Promise.all(reactions.map((react) => react()));
      }
      await delay(POLL_MS);
    }
  };

  const start = (): void => {
    const output = openSync(log, 'a');
    const started = spawn(command, [...parameters], { ...options, stdio: ['ignore', output, output] });
    closeSync(output);
    child = started;
    ordered = false;
    paused = false;
    over = new Promise((resolve) => {
      const ended = () => {
        if (child !== started) return;
        child = undefined;
        if (isReady && !ordered && !stopped) ownEnds += 1;
        const again = ordered ? 0 : RESTART_AFTER_MS;
        isReady = false;
        resolve();
        if (!stopped) setTimeout(() => stopped || start(), again);
      };
      started.once('exit', ended);
      started.once('error', ended);
    });
    void watch(started);
  };
  start();

  const isUp = (): boolean => isReady && !paused && !ordered;
  return {
    name,
    isUp,
    up: async (limitMs = START_LIMIT_MS) => {
      const limit = AbortSignal.timeout(limitMs);
      while (!isUp()) {
        if (limit.aborted) throw new Error(`${name} did not become ready; what it said is in ${log}`);
        await delay(POLL_MS);
      }
    },
    kill: () => {
      ordered = true;
      child?.kill('SIGKILL');
    },
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
    stop: async () => {
      stopped = true;
      const ending = child;
      if (!ending) return;
      ending.kill('SIGCONT');
      ending.kill(stopSignal);
      const timer = setTimeout(() => ending.kill('SIGKILL'), STOP_LIMIT_MS);
      await over;
      clearTimeout(timer);
    },
  };
};
