/**
 * Everything that a reset makes anew, in one place. A request belongs to the simulation in which it arrived: what it
 * still causes after a reset happens in the old one, where nobody looks any more.
 */
import type { Clock } from '@house/kernel/clock';
import { type Chance, createChance } from './chance.ts';
import { createDoors, type Doors } from './doors.ts';
import { createEventLog, type EventLog } from './event-log.ts';
import { createFaults, type Faults } from './faults.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createQuirks, type Quirks } from './quirks.ts';
import { createRequestsLog, type RequestsLog } from './requests-log.ts';
import { createStall, type Stall } from './stall.ts';
import { createSubjects, type Subjects } from './subjects.ts';
import type { Timers } from './timers.ts';
import { createIdempotencyKeys, type IdempotencyKeys } from './v2/idempotency.ts';
import { createOperations, type Operations } from './v2/operations.ts';
import { createVehicles, type Vehicles } from './vehicles.ts';
import { createWorld, type World } from './world.ts';

/** §5.9: A keeps keys and obeys deadlines, B keeps keys only, C neither. */
export type Profile = 'A' | 'B' | 'C';
export type OutageMode = 'hang' | 'refuse';
export type Deprecation = { at: Date; sunset: Date };

export type Simulation = {
  clock: Clock;
  timers: Timers;
  /** How long a device takes from an order to its effect. */
  deviceLatencyMs: number;
  chance: Chance;
  world: World;
  subjects: Subjects;
  vehicles: Vehicles;
  ledger: Ledger;
  events: EventLog;
  doors: Doors;
  operations: Operations;
  keys: IdempotencyKeys;
  faults: Faults;
  quirks: Quirks;
  stall: Stall;
  requests: RequestsLog;
  /** Sites that are down; that of the whole platform is the listener's. */
  outages: Map<number, OutageMode>;
  profileOf(siteId: number): Profile;
  /** Without a site: everywhere, in place of what single sites had. */
  setProfile(profile: Profile, siteId?: number): void;
  /** Of v1; undefined while nobody has spoken of its end. */
  deprecation: Deprecation | undefined;
};

export const createSimulation = (deps: {
  clock: Clock;
  timers: Timers;
  seed: number;
  deviceLatencyMs: number;
}): Simulation => {
  const { clock, timers, seed, deviceLatencyMs } = deps;
  const chance = createChance(seed);
  const world = createWorld({ clock });
  const ledger = createLedger({ clock });
  const events = createEventLog({ clock });
  const stall = createStall({ timers });
  const profiles = new Map<number, Profile>();
  let everywhere: Profile = 'A';
  return {
    clock,
    timers,
    deviceLatencyMs,
    chance,
    world,
    ledger,
    events,
    stall,
    subjects: createSubjects({ clock }),
    vehicles: createVehicles({ clock, world, ledger }),
    doors: createDoors({ ledger, events }),
    operations: createOperations({
      clock,
      timers,
      stall,
      deviceLatencyMs,
      updated: ({ id, siteId, state }) =>
        void events.append({ type: 'operation.updated', siteId, data: { operationId: id, state } }),
    }),
    keys: createIdempotencyKeys({ clock }),
    faults: createFaults({ chance }),
    quirks: createQuirks(),
    requests: createRequestsLog({ clock }),
    outages: new Map(),
    profileOf: (siteId) => profiles.get(siteId) ?? everywhere,
    setProfile(profile, siteId) {
      if (siteId !== undefined) return void profiles.set(siteId, profile);
      profiles.clear();
      everywhere = profile;
    },
    deprecation: undefined,
  };
};
