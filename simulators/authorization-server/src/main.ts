/**
 * The development authorization server on its own: AUTH_PORT, AUTH_AUDIENCE, DATA_DIR and SEED_WORLD, as contract/run.md
 * says.
 */
import { join } from 'node:path';
import { worldSizeOf } from '@house/schema/platform/world.ts';
import { seedWorld } from '@house/schema/seed.ts';
import { createAuthorizationServer } from './authorization-server.ts';

const {
  AUTH_PORT = '4002',
  AUTH_AUDIENCE = 'tenant-smart-home-app',
  DATA_DIR = '.data',
  SEED_WORLD,
  NODE_ENV,
} = process.env;

const fail = (reason: string): never => {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
};
if (NODE_ENV === 'production')
  fail('The development authorization server signs in anybody: not with NODE_ENV=production.');
const port = Number(AUTH_PORT);
if (!Number.isInteger(port) || port < 0 || port > 65_535) fail(`AUTH_PORT is a port number, not "${AUTH_PORT}".`);
const world = worldSizeOf(SEED_WORLD) ?? fail(`SEED_WORLD is small or large, not "${SEED_WORLD}".`);

const server = createAuthorizationServer({
  audience: AUTH_AUDIENCE,
  clock: () => new Date(),
  directory: join(DATA_DIR, 'authorization-server'),
  people: seedWorld(world).people,
  log: { error: (event, fields) => process.stderr.write(`${JSON.stringify({ event, ...fields })}\n`) },
});
const { issuer } = await server.listen(port).catch((error: Error) => fail(error.message));
process.stdout.write(`ready ${issuer}/.well-known/openid-configuration\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close());
