/** The owners subgraph: the legal master of people, premises, memberships and consents. */
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { Clock, Random } from '@house/kernel/clock';
import { type Database, migrate } from '@house/kernel/database';
import { createOutboxStore, migrateOutbox } from '@house/kernel/outbox';
import { createSubgraph, DateTime, type Subgraph } from '@house/kernel/subgraph';
import type { Log } from '@house/kernel/telemetry';
import type { Vault } from '@house/kernel/vault';
import { readSubgraphSdl } from '@house/schema/subgraph-sdl.ts';
import { type DocumentNode, Kind, parse } from 'graphql';
import { createContext, type Loaders } from './context.ts';
import { createFeatures } from './features.ts';
import { PhoneMasked } from './scalars.ts';
import { seedWorld, type WorldSize } from './seed.ts';

export type OwnersDeps = { database: Database; clock: Clock; random: Random; log: Log; vault: Vault };

export type Owners = {
  /** Answers as soon as `migrate` has run. */
  readonly subgraph: Subgraph;
  /** Brings the tables of the schema `owners` and the outbox up to date; safe to run from several processes at once. */
  migrate(): Promise<void>;
  /** Development only: adds whatever of the seeded world is not there yet. Memberships begin at the first seeding. */
  seed(size?: WorldSize): Promise<void>;
};

const NOTHING: DocumentNode = { kind: Kind.DOCUMENT, definitions: [] };

export const createOwners = ({ database, clock, random, log, vault }: OwnersDeps): Owners => {
  // Commands are only put here; who delivers them tells nobody in this service what came of it.
  const outbox = createOutboxStore({ database, record: async () => undefined });
  const features = createFeatures({ database, vault, outbox, clock, random });
  const [people, premises, memberships, consents] = features;

  const schema = buildSubgraphSchema([
    { typeDefs: parse(readSubgraphSdl('owners')), resolvers: { DateTime, PhoneMasked } },
    ...features.map(({ resolvers }) => ({ typeDefs: NOTHING, resolvers })),
  ]);

  /** Until something changes, every loader of one request sees the same moment. */
  const loadersAt = (now: Date): Loaders => ({
    ...people.loaders(),
    ...premises.loaders(now),
    ...memberships.loaders(now),
    ...consents.loaders(now),
  });

  return {
    subgraph: createSubgraph({
      name: 'owners',
      schema,
      createContext: ({ principal, deadline }) =>
        createContext({ principal, deadline, load: () => loadersAt(clock()) }),
      log,
    }),
    migrate: async () => {
      await migrateOutbox(database);
      await migrate(database, { schema: 'owners', directory: join(import.meta.dirname, '../migrations') });
    },
    seed: (size) => seedWorld(database, features, clock(), size),
  };
};
