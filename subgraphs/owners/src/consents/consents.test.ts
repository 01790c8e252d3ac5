import { later } from '@house/kernel/clock';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { DAY_MS, SEEDED_AT, startOwners } from '../../test/start-owners.ts';

let owners: Awaited<ReturnType<typeof startOwners>>;
beforeAll(async () => {
  owners = await startOwners();
});
afterEach(() => owners.setNow(SEEDED_AT));
afterAll(() => owners.database.close());

const consents = async (as: string, args = '') => {
  const { data } = await owners.ask(as, `{ me { consents${args} { purpose status signature textVersion givenAt } } }`);
  return (data?.['me'] as { consents: Record<string, unknown>[] }).consents;
};

test('each seeded resident has agreed to plates and to the platform, and to nothing else', async () => {
  expect(await consents('outsider')).toEqual(
    ['PLATFORM_TRANSFER', 'VEHICLE_ACCESS'].map((purpose) => ({
      purpose,
      status: 'ACTIVE',
      signature: 'SIMPLE',
      textVersion: '1',
      givenAt: '2026-11-24T09:00:00.000Z',
    })),
  );
  expect(await consents('manager-a')).toEqual([]);
});

test('consents are answered by purpose', async () => {
  expect((await consents('owner-a12', '(purpose: VEHICLE_ACCESS)')).map(({ purpose }) => purpose)).toEqual([
    'VEHICLE_ACCESS',
  ]);
  expect(await consents('owner-a12', '(purpose: FACE_ACCESS)')).toEqual([]);
});

test('a consent that was withdrawn or ran out says so', async () => {
  await owners.database.query(
    `UPDATE owners.consents SET withdrawn_at = $1, destroy_by = $2
      WHERE person_id = 'pe_ownerc1' AND purpose = 'VEHICLE_ACCESS'`,
    [SEEDED_AT, later(SEEDED_AT, 30 * DAY_MS)],
  );
  await owners.database.query(
    `UPDATE owners.consents SET expires_at = $1 WHERE person_id = 'pe_ownerc1' AND purpose = 'PLATFORM_TRANSFER'`,
    [later(SEEDED_AT, DAY_MS)],
  );
  owners.setNow(later(SEEDED_AT, DAY_MS));
  expect((await consents('owner-c1')).map(({ purpose, status }) => [purpose, status])).toEqual([
    ['PLATFORM_TRANSFER', 'EXPIRED'],
    ['VEHICLE_ACCESS', 'WITHDRAWN'],
  ]);
});

test('a consent is an entity for its own person only', async () => {
  const query = `query ($representations: [_Any!]!) {
    _entities(representations: $representations) { ... on Consent { purpose } }
  }`;
  const representations = [{ __typename: 'Consent', id: 'co_pe_ownera12_vehicle_access' }];
  const seen = async (as: string) => (await owners.ask(as, query, { representations })).data?.['_entities'];
  expect(await seen('owner-a12')).toEqual([{ purpose: 'VEHICLE_ACCESS' }]);
  for (const as of ['resident-a12', 'owner-a13', 'manager-a', 'auditor-a', 'nobody'])
    expect(await seen(as)).toEqual([null]);
});

test('a consent to biometrics with a simple signature cannot even be stored', async () => {
  const attempt = owners.database.query(
    `INSERT INTO owners.consents (id, person_id, purpose, text_version, text_sha256, signature, given_at)
     VALUES ('co_face', 'pe_ownera12', 'FACE_ACCESS', '1', repeat('a', 64), 'SIMPLE', now())`,
  );
  await expect(attempt).rejects.toThrow('face_needs_written_form');
});
