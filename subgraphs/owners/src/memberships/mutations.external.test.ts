import { openDatabase } from '@house/kernel/database';
import { createDeadline } from '@house/kernel/subgraph';
import { createOwnDatabase } from '@house/kernel/test/own-database';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Changed, createHousehold } from '../../test/household.ts';
import { startOwners } from '../../test/start-owners.ts';

const server = await createOwnDatabase(process.env['TEST_DATABASE_URL']);
let owners: Awaited<ReturnType<typeof startOwners>>;
beforeAll(async () => {
  owners = await startOwners(() => openDatabase({ url: server.url }));
});
afterAll(async () => {
  await owners.database.close();
  await server.drop();
});

const FAMILY = { owner: { role: 'OWNER' }, second: { role: 'OWNER' }, resident: { role: 'RESIDENT' } } as const;

/** A race that is lost one time in a few is run often enough to be lost here, each time in a flat of its own. */
const rounds = async (race: (flat: Awaited<ReturnType<typeof createHousehold>>) => Promise<void>): Promise<void> => {
  for (let round = 0; round < 15; round += 1) await race(await createHousehold(owners, FAMILY));
};

/** How each of several changes that were wanted at once came out. */
const outcomes = (answers: readonly Changed[]): string[] =>
  answers
    .map(({ membership, errors, codes }) => errors[0]?.code ?? codes[0] ?? membership?.status ?? 'nothing')
    .toSorted();

test('one intent that comes many times at once takes effect once, and everybody is told the same', () =>
  rounds(async (flat) => {
    const input = { membershipId: flat.idOf('resident'), idempotencyKey: `key-${flat.premisesId}` };
    const answers = await Promise.all(Array.from({ length: 8 }, () => flat.change('owner', 'revokeMembership', input)));
    expect(outcomes(answers)).toEqual(Array(8).fill('REVOKED'));
    expect(await flat.commands()).toHaveLength(1);
  }));

test('two intents under one key at once: one is done, the other refused', () =>
  rounds(async (flat) => {
    const idempotencyKey = `key-${flat.premisesId}`;
    const answers = await Promise.all(
      ['second', 'resident'].map((name) =>
        flat.change('owner', 'revokeMembership', { membershipId: flat.idOf(name), idempotencyKey }),
      ),
    );
    expect(outcomes(answers)).toEqual(['IDEMPOTENCY_KEY_REUSED', 'REVOKED']);
    expect(await flat.commands()).toHaveLength(1);
  }));

test('a membership that several revoke at once is revoked once', () =>
  rounds(async (flat) => {
    const membershipId = flat.idOf('resident');
    const answers = await Promise.all([
      flat.change('owner', 'revokeMembership', { membershipId }),
      flat.change('second', 'revokeMembership', { membershipId }),
      flat.change('resident', 'leavePremises', { premisesId: flat.premisesId }),
    ]);
    expect(outcomes(answers)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'REVOKED']);
    expect(await flat.commands()).toHaveLength(1);
  }));

test('of two owners who leave at once, one stays', () =>
  rounds(async (flat) => {
    const answers = await Promise.all(
      ['owner', 'second'].map((name) => flat.change(name, 'leavePremises', { premisesId: flat.premisesId })),
    );
    expect(outcomes(answers)).toEqual(['LAST_OWNER', 'REVOKED']);
  }));

test('of two owners who revoke each other at once, the one who was revoked revoked nobody', () =>
  rounds(async (flat) => {
    const answers = await Promise.all([
      flat.change('owner', 'revokeMembership', { membershipId: flat.idOf('second') }),
      flat.change('second', 'revokeMembership', { membershipId: flat.idOf('owner') }),
    ]);
    expect(outcomes(answers)).toEqual(['NOT_FOUND', 'REVOKED']);
    expect([await flat.statusOf('owner'), await flat.statusOf('second')].toSorted()).toEqual(['ACTIVE', 'REVOKED']);
  }));

test('a change that waits longer than there is time is not made, and its key is as good as new', async () => {
  const flat = await createHousehold(owners, FAMILY);
  const input = { membershipId: flat.idOf('resident'), idempotencyKey: `key-${flat.premisesId}` };
  const answer = await owners.database.transaction(async (holder) => {
    await holder.query('SELECT 1 FROM owners.memberships WHERE premises_id = $1 FOR UPDATE', [flat.premisesId]);
    return flat.change('owner', 'revokeMembership', input, createDeadline(300));
  });
  expect(answer).toEqual({ membership: undefined, errors: [], codes: ['DEADLINE_EXCEEDED'] });
  // Whoever is still at it has read this table, and keeps us waiting.
  await owners.database.transaction((next) =>
    next.query('LOCK TABLE owners.idempotency_keys IN ACCESS EXCLUSIVE MODE'),
  );
  expect([await flat.statusOf('resident'), await flat.commands()]).toEqual(['ACTIVE', []]);
  expect(outcomes([await flat.change('owner', 'revokeMembership', input)])).toEqual(['REVOKED']);
});
