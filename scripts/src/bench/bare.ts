/** @apollo/server and @apollo/gateway as they come, in a process of their own, over the backend's subgraphs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { readRequirements } from '@house/gateway/authorize/directives';
import type { Backend } from './backend.ts';
import { serveParent } from './child.ts';

process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';

serveParent(async (argument) => {
  const { owners, smartHome } = argument as Backend;
  const supergraph = readFileSync(join(import.meta.dirname, '../../../schema/supergraph.graphql'), 'utf8');
  const server = new ApolloServer({
    gateway: new ApolloGateway({
      supergraphSdl: readRequirements(supergraph).sdl,
      buildService: ({ name }) => new RemoteGraphQLDataSource({ url: name === 'owners' ? owners : smartHome }),
    }),
  });
  const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } });
  return { url, stop: () => server.stop() };
});
