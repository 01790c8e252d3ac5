/** Kills processes without warning, and makes workers stand still for longer than a lease. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Program } from '../deployed/program.ts';
import type { Focus } from './bugs.ts';
import type { Chance } from './chance.ts';
import type { Standstill } from './history.ts';

export type Victim =
  | 'gateway-1'
  | 'gateway-2'
  | 'owners'
  | 'postgres'
  | 'redis'
  | 'platform'
  | 'smart-home-1'
  | 'smart-home-2';
export type Programs = Readonly<Record<Victim, Program>>;

const WEIGHTS: Readonly<Record<Victim, number>> = {
  'gateway-1': 5,
  'gateway-2': 4,
  'smart-home-1': 26,
  'smart-home-2': 26,
  owners: 6,
  redis: 13,
  postgres: 10,
  platform: 10,
};
const KILL_EVERY_MS = { least: 350, most: 850 };
/** On a slow machine the house is given time to promise something between two kills, but not much. */
const OPS_BETWEEN_KILLS = 28;
const KILL_AT_LEAST_EVERY_MS = 6_000;
const LOOK_EVERY_MS = 50;
/** Of the looks at a house that is down: one more is killed while it comes back. */
const WHILE_DOWN = 0.02;
/** Longer than a lease: somebody else takes over what the standing process holds. */
const STAND_STILL_MS = { least: 3_300, most: 5_000 };
/** Whoever asks a standing process waits: in a long run they would take most of its time. */
const STAND_STILL_EVERY_MS = { seldom: { least: 12_000, most: 20_000 }, often: { least: 5_000, most: 9_000 } };

export type HowOften = keyof typeof STAND_STILL_EVERY_MS;

export type Watch = { over(): boolean; accepted(): number; note(line: string): void };

const wait = (own: Chance, { least, most }: { least: number; most: number }): Promise<void> =>
  delay(own.between(least, most));

/** A house that never comes up again promises nothing, and nothing could be broken. */
const isWhole = ({ owners, postgres, ...programs }: Programs): boolean =>
  owners.isUp() &&
  postgres.isUp() &&
  (programs['gateway-1'].isUp() || programs['gateway-2'].isUp()) &&
  (programs['smart-home-1'].isUp() || programs['smart-home-2'].isUp());

/** Kills until the watch is over. `beforeKill` may veto. */
export const keepKilling = async ({
  programs,
  chance,
  watch,
  focus,
  beforeKill,
  killed,
}: {
  programs: Programs;
  chance: Chance;
  watch: Watch;
  focus: Focus | undefined;
  beforeKill: (victim: Victim) => Promise<boolean>;
  killed: (victim: Victim) => void;
}): Promise<void> => {
  const weights = focus === 'postgres' ? { ...WEIGHTS, postgres: 100 } : WEIGHTS;
  let last = { at: Date.now(), accepted: 0 };
  const isDue = (): boolean => {
    if (!isWhole(programs)) return chance.happens(WHILE_DOWN);
    return watch.accepted() - last.accepted >= OPS_BETWEEN_KILLS || Date.now() - last.at >= KILL_AT_LEAST_EVERY_MS;
  };
  while (!watch.over()) {
    await wait(chance, KILL_EVERY_MS);
    while (!watch.over() && !isDue()) await delay(LOOK_EVERY_MS);
    const upright = Object.entries(weights).filter(([name]) => programs[name as Victim].isUp());
    if (watch.over() || upright.length === 0) continue;
    const victim = chance.weighted<Victim>(Object.fromEntries(upright));
    if (!(await beforeKill(victim))) continue;
    programs[victim].kill();
    watch.note(`kill ${victim}`);
    killed(victim);
    last = { at: Date.now(), accepted: watch.accepted() };
  }
};

/** Makes one worker at a time stand still, while the other one works. */
export const keepHolding = async (
  { 'smart-home-1': first, 'smart-home-2': second }: Programs,
  chance: Chance,
  watch: Watch,
  { howOften, stood }: { howOften: HowOften; stood: (standstill: Standstill) => void },
): Promise<void> => {
  for (;;) {
    await wait(chance, STAND_STILL_EVERY_MS[howOften]);
    if (watch.over()) return;
    const [one, other] = chance.happens(0.5) ? [first, second] : [second, first];
    if (!one.isUp() || !other.isUp()) continue;
    const from = Date.now();
    await one.pause(chance.between(STAND_STILL_MS.least, STAND_STILL_MS.most));
    stood({ from, to: Date.now() });
    watch.note(`${one.name} stood still for ${Date.now() - from} ms`);
  }
};
