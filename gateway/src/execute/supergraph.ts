/**
 * The supergraph: loaded, watched, and swapped as a whole. Permissions, limits and the query planner change in one
 * synchronous step; a supergraph that any of them cannot use is refused and the one before goes on serving.
 */
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { ApolloGateway } from '@apollo/gateway';
import type { Subgraph } from '@house/kernel/subgraph';
import type { Log } from '@house/kernel/telemetry';
import { buildSchema } from 'graphql';
import { createPermissions, type Guards, readRequirements } from '../authorize/authorize.ts';
import { createLimitedFields, type LimitedFields, type LimitPolicies } from '../limit/limit.ts';
import { createDataSource } from './data-source.ts';
import { toApolloLogger } from './logger.ts';

/** A file is watched and reloaded when its content changes. */
export type SupergraphSource = { readonly file: string } | { readonly sdl: string };

/** What is derived from one supergraph. */
export type Edition = { readonly permissions: Guards; readonly limits: LimitedFields };

export type Supergraph = {
  /** @apollo/gateway; it loads the supergraph when Apollo Server starts it. */
  readonly gateway: ApolloGateway;
  /** The edition in force now; undefined until the first one is loaded. */
  edition(): Edition | undefined;
};

/** How often a watched file is looked at: polling also sees a file that is replaced, on every file system. */
const WATCH_INTERVAL_MS = 500;

export const createSupergraph = ({
  source,
  subgraphs,
  policies,
  log,
  watchIntervalMs = WATCH_INTERVAL_MS,
}: {
  source: SupergraphSource;
  subgraphs: Readonly<Record<string, Subgraph>>;
  policies: LimitPolicies;
  log: Log;
  watchIntervalMs?: number;
}): Supergraph => {
  let current: Edition | undefined;

  /** @throws when the authorization of this supergraph cannot be enforced. */
  const prepare = (text: string): Edition & { sdl: string } => {
    const { requirements, sdl } = readRequirements(text);
    const schema = buildSchema(sdl, { assumeValidSDL: true });
    return {
      sdl,
      permissions: createPermissions({ requirements, schema }),
      limits: createLimitedFields({ policies, schema, log }),
    };
  };

  const watch = (file: string, onChange: (text: string) => void): (() => void) => {
    const listener = () => {
      try {
        onChange(readFileSync(file, 'utf8'));
        log.info('supergraph-reloaded');
      } catch (error) {
        log.error('supergraph-refused', { error });
      }
    };
    watchFile(file, { interval: watchIntervalMs, persistent: false }, listener);
    return () => unwatchFile(file, listener);
  };

  // Read by the constructor, which would start an exporter to an outside address otherwise.
  // oxlint-disable-next-line no-restricted-properties -- it is a switch of @apollo/gateway's, not a setting of ours.
  process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';
  const gateway = new ApolloGateway({
    logger: toApolloLogger(log),
    // Its default shows query plans to whoever asks by a header.
    __exposeQueryPlanExperimental: false,
    buildService: ({ name }) => {
      const subgraph = Object.hasOwn(subgraphs, name) ? subgraphs[name] : undefined;
      if (!subgraph) throw new TypeError(`The supergraph names a subgraph that this gateway cannot reach: ${name}`);
      return createDataSource({ subgraph, log });
    },
    supergraphSdl: async ({ update }) => {
      const first = prepare('file' in source ? readFileSync(source.file, 'utf8') : source.sdl);
      current = first;
      if (!('file' in source)) return { supergraphSdl: first.sdl };
      const unwatch = watch(source.file, (text) => {
        const next = prepare(text);
        update(next.sdl);
        current = next;
      });
      return { supergraphSdl: first.sdl, cleanup: async () => unwatch() };
    },
  });

  return { gateway, edition: () => current };
};
