/** Composes the smart-home subgraph by hand: its rooms, the platform port, the outbox and whoever delivers. */
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { Clock, Random } from '@house/kernel/clock';
import { type Database, migrate } from '@house/kernel/database';
import {
  createDeadLetters,
  createOutboxStore,
  createRelay,
  type DeadLetters,
  type Dispatcher,
  type Handler,
  migrateOutbox,
  type OutboxStore,
  type RecordChange,
  type Relay,
} from '@house/kernel/outbox';
import { createSubgraph, DateTime, type Subgraph } from '@house/kernel/subgraph';
import type { Telemetry } from '@house/kernel/telemetry';
import type { Vault } from '@house/kernel/vault';
import { readSubgraphSdl } from '@house/schema/subgraph-sdl.ts';
import { type DocumentNode, Kind, parse } from 'graphql';
import { createAccess, createAccessPointDirectory, createSentOpens, createTellFollowers } from './access/access.ts';
import { createBindings } from './bindings.ts';
import { createComplexes } from './complexes/complexes.ts';
import { createContextFactory } from './context.ts';
import { createLastKnown } from './last-known.ts';
import {
  createAccept,
  createFollowers,
  createOperationStore,
  createOperations,
  type OperationStore,
} from './operations/operations.ts';
import {
  createPlatform,
  createReceiveEvents,
  type Platform,
  type PlatformOptions,
  type ReceiveEvents,
} from './platform/platform.ts';
import { createReactToEvents } from './platform-events.ts';
import { createPlatformTokens } from './platform-tokens.ts';
import { createStandings } from './standing.ts';
import {
  answerInSteps,
  createForgetVehicles,
  createVehicleStore,
  createVehicles,
  type PlateLimits,
} from './vehicles/vehicles.ts';

/**
 * What a composer may put around single parts. It is for the chaos harness and the timing measurement, which plant their
 * bugs here so that none of them is in the product.
 */
export type Alterations = {
  platform?(platform: Platform): Platform;
  operations?(store: OperationStore): OperationStore;
  outbox?(store: OutboxStore, database: Database): OutboxStore;
  handlers?(handlers: Readonly<Record<string, Handler>>): Readonly<Record<string, Handler>>;
  subgraph?(subgraph: Subgraph): Subgraph;
};

export type SmartHomeOptions = {
  database: Database;
  /** Answers who somebody is; in-process or behind HTTP. */
  owners: Subgraph;
  platform: Pick<PlatformOptions, 'url' | 'trust' | 'client' | 'retryShare'>;
  /** How often a plate goes out at once; what is beyond goes out later. Five a day, 500 of a site, when left out. */
  plateLimits?: PlateLimits | undefined;
  dispatcher: Dispatcher;
  vault: Vault;
  clock: Clock;
  random: Random;
  telemetry: Telemetry;
  alterations?: Alterations;
};

const asIs = <T>(part: T): T => part;

export type SmartHome = {
  readonly subgraph: Subgraph;
  readonly platform: Platform;
  /** What could not be delivered in its time. */
  readonly deadLetters: DeadLetters;
  /** Begins to deliver. */
  start(): Promise<void>;
  /**
   * Listens for what the platform tells by itself and keeps the subscription for it; a platform that is down holds up
   * nobody. To be closed before `stop`.
   */
  receiveEvents: ReceiveEvents;
  /** Stops claiming, finishes what is under way, closes connections to the platform. */
  stop(): Promise<void>;
};

const createEvents = (options: SmartHomeOptions, parts: { relay: Relay; platform: Platform }): ReceiveEvents =>
  createReceiveEvents({
    ...options,
    subscriptions: parts.platform.webhooks,
    react: createReactToEvents(parts),
    clientId: options.platform.client.id,
  });

const NOTHING: DocumentNode = { kind: Kind.DOCUMENT, definitions: [] };

/** Brings the database up to date and composes; nothing is delivered before `start`. */
export const createSmartHome = async (options: SmartHomeOptions): Promise<SmartHome> => {
  const { database, owners, dispatcher, vault, clock, random, telemetry, alterations = {} } = options;
  await migrateOutbox(database);
  await migrate(database, { schema: 'smart_home', directory: join(import.meta.dirname, '../migrations') });

  const lastKnown = createLastKnown({ database, clock });
  const platform = (alterations.platform ?? asIs)(
    createPlatform({
      ...options.platform,
      memory: {
        read: async () => (await lastKnown.read('platform', 'discovery'))?.answer,
        write: (discovery) => lastKnown.write('platform', 'discovery', discovery),
      },
      tokens: createPlatformTokens({ database, vault, clock, log: telemetry.log, account: options.platform }),
      clock,
      random,
      telemetry,
    }),
  );
  const bindings = createBindings({ database, random });
  const standings = createStandings({ owners, clock });
  const directory = createAccessPointDirectory({ platform, lastKnown, vault, clock, log: telemetry.log });
  const operations = (alterations.operations ?? asIs)(createOperationStore({ database }));
  const followers = createFollowers();
  const vehicles = createVehicleStore({ database, vault });

  const record: RecordChange = async (transaction, change) => {
    await operations.record(transaction, change);
    await onChange[change.command.kind]?.(transaction, change);
  };
  const outbox = (alterations.outbox ?? asIs)(createOutboxStore({ database, record }), database);
  const wake = (command: Parameters<typeof relay.wake>[0]): void => relay.wake(command);
  const accept = createAccept({ database, operations, outbox, wake, clock, random });

  const sentOpens = createSentOpens({ database, outbox });
  const deps = {
    accept,
    standings,
    bindings,
    directory,
    platform,
    vehicles,
    operations,
    followers,
    sentOpens,
    database,
    vault,
    outbox,
    telemetry,
    plateLimits: options.plateLimits,
    clock,
    random,
  };
  const rooms = {
    access: createAccess(deps),
    complexes: createComplexes(deps),
    operations: createOperations(deps),
    vehicles: createVehicles(deps),
  };
  const handlers = (alterations.handlers ?? asIs)({ ...rooms.access.commands, ...rooms.vehicles.commands });
  const onChange: Record<string, RecordChange> = {
    OPEN: createTellFollowers({ followers, outbox }),
    SUBJECT_REMOVE: createForgetVehicles({ vehicles, outbox }),
    VEHICLE_ADD: rooms.vehicles.commands.VEHICLE_ADD.onChange,
    VEHICLE_REMOVE: rooms.vehicles.commands.VEHICLE_REMOVE.onChange,
    VEHICLE_ADD_LATER: rooms.vehicles.commands.VEHICLE_ADD_LATER.onChange,
  };
  const relay = createRelay({
    store: outbox,
    dispatcher,
    handlers,
    clock,
    chance: () => Buffer.from(random(4)).readUInt32BE() / 0xffff_ffff,
    telemetry,
  });

  const schema = buildSubgraphSchema([
    { typeDefs: parse(readSubgraphSdl('smart-home')), resolvers: { DateTime } },
    ...Object.values(rooms).map(({ resolvers }) => ({ typeDefs: NOTHING, resolvers })),
  ]);

  return {
    subgraph: (alterations.subgraph ?? asIs)(
      answerInSteps(
        createSubgraph({
          name: 'smart-home',
          schema,
          createContext: createContextFactory({ standings, bindings, directory, vehicles, operations, clock }),
          log: telemetry.log,
        }),
      ),
    ),
    platform,
    deadLetters: createDeadLetters({ database, record }),
    start: () => relay.start(),
    receiveEvents: createEvents(options, { relay, platform }),
    stop: async () => {
      await relay.stop();
      await platform.close();
    },
  };
};
