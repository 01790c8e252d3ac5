/**
 * Everything that a reset makes anew, in one place. A request belongs to the simulation in which it arrived: what it
 * still causes after a reset happens in the old one, where nobody looks any more.
 */
import type { Clock } from '@house/kernel/clock';
import type { WorldSize } from '@house/schema/platform/world.ts';
import { type Chance, createChance } from './chance.ts';
import { createDoors, type Doors } from './doors.ts';
import { createEventLog, type EventLog } from './event-log.ts';
import { createFaults, type Faults } from './faults.ts';
import { createJournal, type Journal } from './journal/journal.ts';
import { createSeededWeek } from './journal/seeded-week.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createProfiles, type Profiles } from './profiles.ts';
import { createQuirks, type Quirks } from './quirks.ts';
import { createRequestsLog, type RequestsLog } from './requests-log.ts';
import { createStall, type Stall } from './stall.ts';
import { beganAt, restore } from './state/restore.ts';
import type { StateSession } from './state/state-file.ts';
import { createSubjects, type Subjects } from './subjects.ts';
import type { Timers } from './timers.ts';
import { presentEvent, tellsOf } from './v2/events.ts';
import { createIdempotencyKeys, type IdempotencyKeys } from './v2/idempotency.ts';
import { createOperations, type Operations, presentOperation } from './v2/operations.ts';
import { createCarryOut } from './v2/orders.ts';
import { createVehicles, type Vehicles } from './vehicles.ts';
import type { Webhooks } from './webhooks/webhooks.ts';
import { createWorld, type World } from './world.ts';

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
  journal: Journal;
  doors: Doors;
  operations: Operations;
  keys: IdempotencyKeys;
  profiles: Profiles;
  faults: Faults;
  quirks: Quirks;
  stall: Stall;
  requests: RequestsLog;
  /** Its subscriptions outlive a reset. */
  webhooks: Webhooks;
  /** Sites that are down; that of the whole platform is the listener's. */
  outages: Map<number, OutageMode>;
  /** Of v1; undefined while nobody has spoken of its end. */
  deprecation: Deprecation | undefined;
};

export const createSimulation = (deps: {
  clock: Clock;
  timers: Timers;
  seed: number;
  deviceLatencyMs: number;
  size: WorldSize;
  session: StateSession;
  webhooks: Webhooks;
}): Simulation => {
  const { clock, timers, seed, deviceLatencyMs, size, session, webhooks } = deps;
  const { keep } = session;
  const chance = createChance(seed);
  const world = createWorld({ clock, size, keep });
  const ledger = createLedger({ clock, keep });
  const week = createSeededWeek({ world, began: beganAt(session, clock) });
  const journal = createJournal({ world, week });
  let publish: ReturnType<Webhooks['begin']> = () => undefined;
  const events = createEventLog({
    clock,
    keep,
    week,
    appended: journal.note,
    published: (event, mishap) => publish(event, mishap),
  });
  const stall = createStall({ timers });
  const doors = createDoors({ ledger, events });
  const faults = createFaults({ chance, keep });
  const vehicles = createVehicles({ clock, world, ledger, events, keep });
  const simulation: Simulation = {
    clock,
    timers,
    deviceLatencyMs,
    chance,
    world,
    ledger,
    events,
    journal,
    stall,
    doors,
    vehicles,
    subjects: createSubjects({ clock, keep }),
    operations: createOperations({
      clock,
      timers,
      stall,
      deviceLatencyMs,
      keep,
      carryOut: createCarryOut({ world, doors, vehicles }),
      updated: (operation) =>
        void events.append({
          type: 'operation.updated',
          siteId: operation.siteId,
          data: presentOperation(operation),
        }),
    }),
    keys: createIdempotencyKeys({ clock, keep }),
    profiles: createProfiles({ keep }),
    faults,
    quirks: createQuirks(),
    requests: createRequestsLog({ clock }),
    webhooks,
    outages: new Map(),
    deprecation: undefined,
  };
  publish = webhooks.begin({ keep, events, faults, stall, visible: tellsOf(world), present: presentEvent });
  restore(simulation, session.kept);
  return simulation;
};
