import { openDatabase } from '@house/kernel/database';
import { createOwnDatabase } from '@house/kernel/test/own-database';
import { SEED_PEOPLE } from '@house/schema/seed.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startOwners } from '../test/start-owners.ts';

const server = await createOwnDatabase(process.env['TEST_DATABASE_URL']);
type Owners = Awaited<ReturnType<typeof startOwners>>;
let onServer: Owners;
let embedded: Owners;
beforeAll(async () => {
  onServer = await startOwners(() => openDatabase({ url: server.url }));
  embedded = await startOwners();
});
afterAll(async () => {
  await Promise.all([onServer.database.close(), embedded.database.close()]);
  await server.drop();
});

const EVERYTHING = `{
  me { id displayName phone consents { id purpose status textSha256 signature givenAt expiresAt } }
  myPremises {
    id kind label journalVisibility complex { id name timeZone } suspension { reason since until byRole }
    myMembership { id } invitations { id }
    members { edges { cursor node { id role permissions status validFrom validUntil person { displayName phone } } } pageInfo { hasNextPage endCursor } }
  }
  premises(id: "pr_a12") { label members { edges { node { person { displayName } } } } }
  complex(id: "cx_a") { name }
}`;

test.each(SEED_PEOPLE.map(({ handle }) => handle))('PostgreSQL and PGlite answer %s the same', async (handle) => {
  const { data, codes } = await onServer.ask(handle, EVERYTHING);
  expect(codes).toEqual([]);
  expect(data).toEqual((await embedded.ask(handle, EVERYTHING)).data);
});

test('two processes that start together on an empty database seed one world', async () => {
  const own = await createOwnDatabase(process.env['TEST_DATABASE_URL']);
  try {
    const started = await Promise.all([1, 2].map(() => startOwners(() => openDatabase({ url: own.url }))));
    const [count] = (await started[0]?.database.query('SELECT count(*)::int AS people FROM owners.people')) ?? [];
    expect(count).toEqual({ people: SEED_PEOPLE.length });
    for (const { database } of started) await database.close();
  } finally {
    await own.drop();
  }
});
