import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { eventually, openHouse, type TestHouse } from '../../support/house.ts';
import { type Home, pointOf, type Resident, residentOf } from '../../support/residents.ts';

let house: TestHouse;
let owner: Resident;
let home: Home;
beforeAll(async () => {
  house = await openHouse();
  owner = await residentOf(house, 'owner-a12');
  home = await owner.home('Кв. 12');
});
beforeEach(() => house.platform.reset());
afterAll(() => house.stop());

const open = (kind: 'ENTRANCE' | 'GATE' | 'BARRIER' | 'ELEVATOR') =>
  owner.open({ premisesId: home.id, accessPointId: pointOf(home, kind).id });
test.each(['ENTRANCE', 'GATE'] as const)(
  'an answer whose signature is not good is not believed: the key tells that the %s opened, once',
  async (kind) => {
    await house.platform.fault({ kind: 'bad-signature', match: { method: 'POST', path: '/open' }, times: 1 });
    const { operation } = await open(kind);
    expect(await owner.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED', error: null });
    expect(Object.values(await house.platform.counts())).toEqual([1]);
    expect(house.logged()).toContain('platform-answer-unproven');
  },
);

test('while no answer can be proven nobody is told how it ended; then the key tells, and it opened once', async () => {
  await house.platform.fault({ kind: 'bad-signature', match: { apiVersion: 'v2' } });
  const { operation } = await open('BARRIER');
  const questions = async (): Promise<number> =>
    (await house.platform.requests()).filter(({ path }) => path.includes('/operations/')).length;
  await eventually(questions, (asked) => asked >= 2);
  expect(['SUCCEEDED', 'FAILED', 'EXPIRED', 'CANCELLED']).not.toContain(
    (await owner.status(operation?.id ?? ''))?.state,
  );
  await house.platform.clearFaults();
  expect(await owner.ending(operation?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  expect(Object.values(await house.platform.counts())).toEqual([1]);
});

test('every request to the second version is signed, by TLS with our certificate', async () => {
  const { operation } = await open('ELEVATOR');
  await owner.ending(operation?.id ?? '');
  const received = (await house.platform.requests()).filter(({ apiVersion }) => apiVersion === 'v2');
  expect(received.length).toBeGreaterThan(0);
  for (const request of received)
    expect(request).toMatchObject({
      signatureValid: true,
      tlsVersion: expect.stringMatching(/^TLSv1\.[23]$/),
      clientCertificate: expect.anything(),
    });
});
