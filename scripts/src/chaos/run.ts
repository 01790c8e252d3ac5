/** One run: the house, its residents, whoever breaks it, and the judgement over what happened. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { keepsState } from '../deployed/services.ts';
import { focusOf } from './bugs.ts';
import { createChance } from './chance.ts';
import { askResidents, readFlats, readOperations, readRedis, untilSettled } from './collect.ts';
import { COUNTERS, type Counter, type History, type Operation } from './history.ts';
import { type House, type HouseOptions, startHouse } from './house.ts';
import { createLoad, type Load } from './load.ts';
import { judge } from './oracle.ts';
import { createPlatformControl, type PlatformControl } from './platform-control.ts';
import { createPlatformReader } from './platform-reader.ts';
import { describeViolations } from './report.ts';
import { createTrouble, type Trouble } from './trouble.ts';
import type { InhabitedFlat } from './world.ts';

export type RunOptions = Omit<HouseOptions, 'directory' | 'chance'> & { ops: number; seed: number };

export type Result = { ops: number; kills: number } & Record<Counter, number> & { seconds: number };

/** Nothing was lost, doubled, late, untrue or out of order. */
export const isClean = (result: Result): boolean => COUNTERS.every((name) => result[name] === 0);

/** A load that is not accepted by then never is: something stands. */
const LOAD_LIMIT_MS = 130_000;
/** After the last accepted operation. */
const GRACE_MS = 20_000;
/** What is under way when an operation ends has had its effect by then, or never has. */
const LAST_EFFECT_MS = 1_500;
const SAY_EVERY_MS = 1_000;

const told = (counts: Readonly<Record<string, number | undefined>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ') || 'none';

/** Lets the residents loose; resolves when their operations are accepted and everything is quiet again. */
const runLoad = async (load: Load, trouble: Trouble, { ops, say }: RunOptions): Promise<void> => {
  const started = Date.now();
  const speaking = setInterval(() => {
    const seconds = Math.round((Date.now() - started) / 1_000);
    const now = `${load.accepted()} of ${ops} accepted, ${trouble.killed()} killed`;
    say(`${String(seconds).padStart(4)} s  ${now}  ${trouble.down().join(' ')}`.trimEnd());
  }, SAY_EVERY_MS);
  const limit = setTimeout(() => load.stop(), LOAD_LIMIT_MS);
  try {
    await trouble.start(load);
    await load.run();
  } finally {
    clearTimeout(limit);
    clearInterval(speaking);
    await trouble.end();
  }
};

const READINGS = 5;

/** The rows with what residents are shown of them: read again when one of them changed in between. */
const readSettled = async (databaseUrl: string, flats: readonly InhabitedFlat[]): Promise<Operation[]> => {
  const statesOf = (operations: readonly Operation[]): string => JSON.stringify(operations.map(({ state }) => state));
  let rows = await readOperations(databaseUrl, flats);
  for (let reading = 1; ; reading += 1) {
    const shown = await askResidents(rows, flats);
    const again = await readOperations(databaseUrl, flats);
    if (statesOf(rows) === statesOf(again) || reading === READINGS) return shown;
    rows = again;
  }
};

const readHistory = async (
  { services, flats, databaseUrl }: House,
  { load, trouble, control }: { load: Load; trouble: Trouble; control: PlatformControl },
): Promise<History> => {
  await untilSettled(databaseUrl, GRACE_MS);
  await delay(LAST_EFFECT_MS);
  const { platformUrl: url, platformTls: tls, platformClients: clients } = services;
  const reader = createPlatformReader({ url, tls, clients });
  try {
    return {
      intents: load.intents,
      operations: await readSettled(databaseUrl, flats),
      effects: await control.effects(),
      sendings: trouble.sendings,
      revocations: trouble.revocations,
      standstills: trouble.standstills,
      flats: await readFlats(reader, flats),
      shown: load.shown,
      points: flats.flatMap(({ apiVersion, points }) =>
        points.map(({ target, toggle }) => ({ target, apiVersion, toggle })),
      ),
    };
  } finally {
    await reader.close();
  }
};

const tally = ({ operations }: History): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { kind, state } of operations) counts[`${kind} ${state}`] = (counts[`${kind} ${state}`] ?? 0) + 1;
  return counts;
};

/** Honest, and yet not what a platform that keeps keys makes necessary. */
const stillUnknown = ({ operations, points }: History): number => {
  const keyed = new Set(points.flatMap(({ target, apiVersion }) => (apiVersion === 'v2' ? [target] : [])));
  return operations.filter(({ state, target }) => state === 'UNKNOWN_OUTCOME' && keyed.has(target ?? '')).length;
};

const runIn = async (
  directory: string,
  options: RunOptions,
  stops: (() => Promise<void>)[],
): Promise<Omit<Result, 'seconds'>> => {
  const { ops, seed, say } = options;
  const chance = createChance(seed);
  const house = await startHouse({ ...options, directory, chance: chance.stream('world') }, stops);
  const { services, programs, flats, databaseUrl, redisUrl } = house;
  say(`the house is up, with ${flats.length} flats`);
  const control = createPlatformControl(services.controlUrl);
  const trouble = createTrouble({
    programs,
    platformKeepsState: () => keepsState(services),
    control,
    databaseUrl,
    flats,
    chance: chance.stream('trouble'),
    focus: focusOf(options.bug),
    // A short run with a bug must meet some.
    standstills: options.bug === undefined ? 'seldom' : 'often',
    note: (line) => appendFileSync(join(directory, 'trouble.log'), `${new Date().toISOString()} ${line}\n`),
  });
  const load = createLoad({
    ...{ flats, ops, seed, focus: focusOf(options.bug) },
    chance: chance.stream('load'),
    mayGoOn: trouble.mayGoOn,
  });
  await runLoad(load, trouble, options);
  say(`killed: ${told(trouble.kills())}; not accepted: ${told(load.refusals())}`);
  if (!trouble.kills().platform) say('the platform simulator was not killed: it keeps no state, or by chance');
  for (const program of Object.values(programs))
    if (program.ownEnds() > 0) say(`${program.name} ended by itself ${program.ownEnds()} times`);

  const history = await readHistory(house, { load, trouble, control });
  writeFileSync(join(directory, 'history.json'), JSON.stringify(history));
  const verdict = judge(history);
  say(`states: ${told(tally(history))}`);
  const unknown = stillUnknown(history);
  if (unknown > 0) say(`still unknown where the platform could tell: ${unknown}`);
  if (verdict.violations.length > 0) {
    say(await describeViolations(verdict, history, databaseUrl));
    writeFileSync(join(directory, 'redis.json'), JSON.stringify(await readRedis(redisUrl), null, 1));
  }
  return { ops: load.accepted(), kills: trouble.killed(), ...verdict.counts };
};

export const runChaos = async (options: RunOptions): Promise<Result> => {
  const started = Date.now();
  const directory = mkdtempSync(join(tmpdir(), 'house-chaos-'));
  const stops: (() => Promise<void>)[] = [];
  const stopAll = async (): Promise<void> => {
    for (const stop of stops.splice(0).toReversed()) await stop();
  };
  // Nothing of a run outlives it, not even of one that somebody ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => void stopAll().finally(() => process.exit(1)));
  let result: Result | undefined;
  try {
    const found = await runIn(directory, options, stops);
    result = { ...found, seconds: Math.round((Date.now() - started) / 1_000) };
    return result;
  } finally {
    await stopAll();
    // With a bug planted, a clean run is what has to be looked into.
    if (result && isClean(result) === (options.bug === undefined)) rmSync(directory, { recursive: true, force: true });
    else options.say(`the logs and the history stay in ${directory}`);
  }
};
