/** A real PostgreSQL, because only there can somebody hold what the transaction of another waits for. */
import { type Database, openDatabase } from '@house/kernel/database';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { documentText } from '../../support/documents.ts';
import { newKey, openHouse, type TestHouse } from '../../support/house.ts';
import { pointOf, residentOf } from '../../support/residents.ts';

const TIME_MS = 800;
let house: TestHouse;
let database: Database;
beforeAll(async () => {
  house = await openHouse();
  database = await openDatabase({ url: house.services['DATABASE_URL'] ?? '' });
});
afterAll(async () => {
  await database.close();
  await house.stop();
});

const LOCK = 'LOCK TABLE smart_home.operation_keys IN EXCLUSIVE MODE';

test('a tap that is answered with DEADLINE_EXCEEDED was not accepted, and its key is as good as new', async () => {
  const owner = await residentOf(house, 'owner-a12');
  const home = await owner.home('Кв. 12');
  const input = { premisesId: home.id, accessPointId: pointOf(home, 'ENTRANCE').id, idempotencyKey: newKey() };
  const headers = { authorization: `Bearer ${await house.token('owner-a12')}`, 'x-request-deadline': String(TIME_MS) };
  // The first of its kind takes longer: plans are made, code is compiled. Nothing of it is stored.
  for (const accessPointId of ['ac_none', 'ac_neither'])
    await owner.open({ ...input, accessPointId, idempotencyKey: newKey() });
  const answer = await database.transaction(async (holder) => {
    await holder.query(LOCK);
    return house.post({ query: documentText('open-access-point'), variables: { input } }, headers);
  });
  expect(answer.errors?.map(({ extensions: { code } }) => code)).toEqual(['DEADLINE_EXCEEDED']);
  // Its own transaction said so, not whoever would no longer wait for it.
  expect(answer.errors?.[0]?.path).toEqual(['openAccessPoint']);

  // Whoever waited for the lock has it or has given up by the time that this is answered.
  await database.transaction((next) => next.query(LOCK));
  for (const table of ['smart_home.operations', 'smart_home.operation_keys', 'outbox.commands'])
    expect(await database.query(`SELECT * FROM ${table}`)).toEqual([]);

  const { operation } = await owner.open(input);
  expect(await owner.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(await house.platform.counts()).toEqual({ 'open:ap_Hn4xW1': 1 });
});
