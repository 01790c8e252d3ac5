import { afterEach, describe, expect, test } from '@jest/globals';
import { type House, startHouse } from '../test/house.ts';

let house: House;
afterEach(() => house.close());

const OPEN = 'mutation { openAccessPoint(id: "ap") }';
/** Opens under `count` aliases. */
const many = (count: number): string =>
  `mutation { ${Array.from({ length: count }, (_, n) => `a${n}: openAccessPoint(id: "ap")`).join(' ')} }`;
const limits = { 'Mutation.openAccessPoint': { max: 5, windowMs: 60_000 } };

describe('a limited field', () => {
  test('of 200 requests at once is executed exactly 5 times', async () => {
    house = await startHouse({ limits });
    const answers = await Promise.all(Array.from({ length: 200 }, () => house.ask(OPEN)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(195);
    expect(house.asked).toHaveLength(5);
  });

  test('is counted for every alias and every fragment, and once for what is merged', async () => {
    house = await startHouse({ limits });
    const merged =
      'mutation { openAccessPoint(id: "ap") openAccessPoint(id: "ap") ...F } fragment F on Mutation { openAccessPoint(id: "ap") }';
    expect((await house.ask(merged)).status).toBe(200);
    const five =
      'mutation { a: openAccessPoint(id: "ap") b: openAccessPoint(id: "ap") ...F } fragment F on Mutation { c: openAccessPoint(id: "ap") d: openAccessPoint(id: "ap") e: openAccessPoint(id: "ap") }';
    const { status, body } = await house.ask(five);
    expect(status).toBe(429);
    expect(body.errors?.map(({ path }) => path)).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => [name]));
    expect(house.asked).toHaveLength(1);
  });

  test('that is refused in a document is refused with all that it asks for, and takes no place', async () => {
    house = await startHouse({ limits });
    expect((await house.ask(many(3))).status).toBe(200);
    expect((await house.ask(many(3))).status).toBe(429);
    expect((await house.ask(many(2))).status).toBe(200);
    expect((await house.ask(OPEN)).status).toBe(429);
  });

  test('of 1 000 aliases in documents of ten is executed exactly as often as the limit allows', async () => {
    house = await startHouse({ limits: { 'Mutation.openAccessPoint': { max: 30, windowMs: 60_000 } } });
    const answers = await Promise.all(Array.from({ length: 100 }, () => house.ask(many(10))));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(house.asked.flatMap(({ query }) => query.match(/openAccessPoint/g) ?? [])).toHaveLength(30);
  });

  test('of which a document asks for more than there ever are is told when all of them are free', async () => {
    house = await startHouse({ limits });
    const { status, headers } = await house.ask(many(6));
    expect({ status, after: headers.get('retry-after') }).toEqual({ status: 429, after: '60' });
  });

  test('is not counted when it is skipped', async () => {
    house = await startHouse({ limits });
    const skipped = {
      query: 'mutation($no: Boolean!) { openAccessPoint(id: "ap") @include(if: $no) removeVehicle(id: "v") }',
      variables: { no: false },
    };
    for (let n = 0; n < 6; n += 1) expect((await house.ask(skipped)).status).toBe(200);
    expect((await house.ask(OPEN)).status).toBe(200);
  });

  test('belongs to the account, not to the token', async () => {
    house = await startHouse({ limits });
    for (let n = 0; n < 5; n += 1) expect((await house.ask(OPEN, { claims: { jti: `token-${n}` } })).status).toBe(200);
    expect((await house.ask(OPEN, { claims: { jti: 'one-more' } })).status).toBe(429);
  });
});

test('fields of one bucket are counted together', async () => {
  const change = { max: 2, windowMs: 60_000, bucket: 'vehicle-change' };
  house = await startHouse({ limits: { 'Mutation.addVehicle': change, 'Mutation.removeVehicle': change } });
  expect((await house.ask('mutation { addVehicle(plate: "A1") removeVehicle(id: "v") }')).status).toBe(200);
  expect((await house.ask('mutation { removeVehicle(id: "v") }')).status).toBe(429);
});

test('a request that is over several limits is told to come back when all of them let it', async () => {
  house = await startHouse({
    limits: {
      'Mutation.openAccessPoint': { max: 1, windowMs: 3_600_000 },
      'Mutation.addVehicle': { max: 1, windowMs: 60_000 },
    },
  });
  const both = 'mutation { openAccessPoint(id: "ap") addVehicle(plate: "A1") }';
  expect((await house.ask(both)).status).toBe(200);
  const { headers, body } = await house.ask(both);
  expect(headers.get('retry-after')).toBe('3600');
  expect(body.errors?.map(({ extensions }) => extensions.retryAfterSeconds)).toEqual([3_600, 60]);
});

test('a policy for a field or an argument that the supergraph does not have hinders nobody, and the operator is told', async () => {
  house = await startHouse({
    limits: {
      ...limits,
      'Mutation.issuePass': { max: 1, windowMs: 60_000 },
      'Query.none': { max: 1, windowMs: 60_000 },
      'Mutation.removeVehicle': [
        { per: 'vehicle', argument: 'input.vehicleId', max: 1, windowMs: 60_000 },
        { per: 'vehicle', argument: 'id', max: 1, windowMs: 60_000 },
      ],
      'Mutation.addVehicle': [{ per: 'accessPoint', argument: 'doors', max: 1, windowMs: 60_000 }],
    },
  });
  expect((await house.ask(OPEN)).status).toBe(200);
  const told = house.lines.filter((line) => line.includes('limit-without-a-field'));
  expect(told.map((line) => JSON.parse(line).resource)).toEqual(['Mutation.issuePass', 'Query.none']);
  const without = house.lines.filter((line) => line.includes('limit-without-an-argument'));
  expect(without.map((line) => JSON.parse(line).resource)).toEqual([
    'Mutation.removeVehicle(input.vehicleId)',
    'Mutation.addVehicle(doors)',
  ]);
});

test('while Redis is away a limit holds by the own count of the gateway, and a door can be opened', async () => {
  house = await startHouse({
    limits: { 'Mutation.openAccessPoint': { max: 2, windowMs: 60_000 } },
    redisUrl: 'redis://127.0.0.1:1',
  });
  const answers = [await house.ask(OPEN), await house.ask(OPEN), await house.ask(OPEN)];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
  expect(house.asked).toHaveLength(2);
  expect(house.lines.some((line) => line.includes('limit-store-unreachable'))).toBe(true);
});
