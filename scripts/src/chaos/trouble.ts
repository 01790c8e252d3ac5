/**
 * Whoever breaks things: kills processes, makes them stand still, breaks the platform's answers, cuts it off, and takes
 * rights away from residents whose opens are waiting.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Focus } from './bugs.ts';
import type { Chance } from './chance.ts';
import { calmly, keepHappening } from './episodes.ts';
import { startFaults } from './faults.ts';
import type { Effect, History, Sending } from './history.ts';
import { type HowOften, keepHolding, keepKilling, type Programs, type Victim, type Watch } from './killer.ts';
import type { Load } from './load.ts';
import type { PlatformControl } from './platform-control.ts';
import type { InhabitedFlat } from './world.ts';

/** One kill for this many accepted operations at least. */
const OPS_PER_KILL = 30;
const WATCH_EVERY_MS = 400;

export type Trouble = Pick<History, 'sendings' | 'revocations' | 'standstills'> & {
  kills(): Readonly<Partial<Record<Victim, number>>>;
  killed(): number;
  /** What is not up now. */
  down(): readonly string[];
  /** Resolves when enough has been killed for one more operation. @throws when the simulator cannot be trusted. */
  mayGoOn(accepted: number): Promise<void>;
  start(load: Load): Promise<void>;
  /** No more of it; the platform answers as it should, everything is up. */
  end(): Promise<void>;
};

export type TroubleOptions = {
  programs: Programs;
  /** The platform may be killed only when it keeps what happened. */
  platformKeepsState: () => boolean;
  control: PlatformControl;
  databaseUrl: string;
  flats: readonly InhabitedFlat[];
  chance: Chance;
  focus: Focus | undefined;
  standstills: HowOften;
  /** Writes down what was done, for whoever looks for the cause of a violation. */
  note: (line: string) => void;
};

/** Remembers what the platform received: it keeps the newest only, and nothing over a restart. */
const createSendings = (control: PlatformControl) => {
  const seen = new Map<string, Sending>();
  return {
    all: () => [...seen.values()],
    look: async () => {
      for (const sending of await control.sendings().catch((): Sending[] => []))
        seen.set(`${sending.at} ${sending.key} ${sending.authorization}`, sending);
    },
  };
};

/** A simulator that forgets effects when it is killed is no oracle. */
const createLedgerGuard = (control: PlatformControl) => {
  let before: Effect[] = [];
  let broken: Error | undefined;
  const read = () => control.effects().catch(() => undefined);
  return {
    remember: async () => {
      before = (await read()) ?? before;
    },
    compare: async () => {
      const known = new Set((await read())?.map(({ sequence }) => sequence));
      if (known.size > 0 && !before.every(({ sequence }) => known.has(sequence)))
        broken = new Error('the simulator keeps its state, and yet has forgotten effects of its ledger');
    },
    requireWhole: () => {
      if (broken) throw broken;
    },
  };
};

export const createTrouble = (options: TroubleOptions): Trouble => {
  const { programs, platformKeepsState, control, databaseUrl, flats, chance, focus, note } = options;
  const { standstills: howOften } = options;
  const kills: Partial<Record<Victim, number>> = {};
  const revocations: History['revocations'] = [];
  const standstills: History['standstills'] = [];
  const sendings = createSendings(control);
  const ledger = createLedgerGuard(control);
  const parts: Promise<void>[] = [];
  let ended = false;
  const killed = (): number => Object.values(kills).reduce((sum, count) => sum + count, 0);

  for (const program of Object.values(programs)) program.onUp(async () => note(`${program.name} is up`));
  programs.platform.onUp(async () => {
    // It may be killed again at any time, and then this happens once more.
    if (!ended) await calmly(startFaults(control));
    await ledger.compare();
  });

  const lookAtSendings = async (): Promise<void> => {
    for (; !ended; await delay(WATCH_EVERY_MS)) await sendings.look();
  };

  return {
    get sendings() {
      return sendings.all();
    },
    revocations,
    standstills,
    kills: () => kills,
    killed,
    down: () => Object.entries(programs).flatMap(([name, program]) => (program.isUp() ? [] : [name])),
    mayGoOn: async (accepted) => {
      ledger.requireWhole();
      while (!ended && accepted >= OPS_PER_KILL * (killed() + 1)) await delay(20);
    },
    start: async (load) => {
      const watch: Watch = { over: () => ended, accepted: load.accepted, note };
      await startFaults(control);
      parts.push(
        keepKilling({
          programs,
          watch,
          focus,
          chance: chance.stream('killer'),
          beforeKill: async (victim) => {
            if (victim !== 'platform') return true;
            if (platformKeepsState()) await ledger.remember();
            return platformKeepsState();
          },
          killed: (victim) => {
            kills[victim] = (kills[victim] ?? 0) + 1;
          },
        }),
        keepHolding(programs, chance.stream('holder'), watch, {
          howOften,
          stood: (standstill) => standstills.push(standstill),
        }),
        keepHappening({
          control,
          databaseUrl,
          flats,
          load,
          watch,
          focus,
          chance: chance.stream('episodes'),
          revoked: (revocation) => revocations.push(revocation),
          stood: (standstill) => standstills.push(standstill),
        }),
        lookAtSendings(),
      );
      // One that ends before its time is heard of when all are awaited.
      for (const part of parts) part.catch(() => undefined);
    },
    end: async () => {
      ended = true;
      await Promise.all(parts);
      ledger.requireWhole();
      await Promise.all(Object.values(programs).map((program) => program.up()));
      await control.outage('off');
      await control.clearFaults();
      await sendings.look();
    },
  };
};
