import { later } from '@house/kernel/clock';
import { expect, test } from '@jest/globals';
import type { PlatformRequest } from '../client.ts';
import { faultOf, PlatformFault } from '../faults.ts';
import type { PlateOrder } from '../platform.ts';
import type { V1Session } from './session.ts';
import { createVehiclesV1 } from './vehicles.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const signal = new AbortController().signal;
const order = (overrides: Partial<PlateOrder> = {}): PlateOrder => ({
  key: 'op_1',
  sentAt: NOW,
  operationRef: null,
  unit: { siteId: 23, unitId: 'unit_1', flatId: 7 },
  plate: { country: 'RU', canonical: 'A123BC77' },
  accessPoints: [{ v1: { domophoneId: 1, doorId: 0 } }],
  everywhere: true,
  validFrom: NOW,
  validUntil: null,
  autoOpen: true,
  platformRef: null,
  isRepeat: false,
  told: true,
  others: [],
  ...overrides,
});

const platform = (cars: string, refusal?: { method: string; status: number }) => {
  const written: PlatformRequest[] = [];
  const session: V1Session = {
    clock: () => NOW,
    call: async (request) => {
      if (request.method === refusal?.method) throw new PlatformFault(faultOf(refusal.status));
      if (request.method === 'GET') return { cars };
      written.push(request);
      return undefined;
    },
    health: async () => undefined,
  };
  return { vehicles: createVehiclesV1(session), written };
};

test('the list is merged, never replaced', async () => {
  const { vehicles, written } = platform('X001XX77\nа 777 аа 77');
  await vehicles.add(order(), signal);
  expect(written.map(({ json }) => json)).toEqual([{ cars: 'X001XX77\nа 777 аа 77\nA123BC77' }]);
});

test('a list is written back only while it is fresh', async () => {
  const { vehicles, written } = platform('X001XX77');
  await vehicles.add(order(), signal);
  const { notAfter } = written[0] ?? {};
  expect(notAfter && notAfter > NOW && notAfter < later(NOW, 3_000)).toBe(true);
});

test.each<[string, Partial<PlateOrder>]>([
  ['an end', { validUntil: later(NOW, 60_000) }],
  ['a beginning', { validFrom: later(NOW, 60_000) }],
  ['some of the barriers', { everywhere: false }],
  ['opening by hand', { autoOpen: false }],
])('%s, which the first version cannot keep, is refused when the building moved to it meanwhile', async (_, limit) => {
  const { vehicles, written } = platform('');
  expect(await vehicles.add(order(limit), signal)).toEqual({ is: 'failed', code: 'CAPABILITY_MISSING' });
  expect(written).toEqual([]);
});

test("a line is kept for another person's car, and for whoever wrote it when it was not us", async () => {
  const { vehicles, written } = platform('A123BC77');
  expect(await vehicles.remove(order({ others: [null] }), signal)).toEqual({ is: 'succeeded' });
  expect(await vehicles.remove(order({ told: false }), signal)).toEqual({ is: 'succeeded' });
  expect(written).toEqual([]);
  await vehicles.remove(order(), signal);
  expect(written.map(({ json }) => json)).toEqual([{ cars: '' }]);
});

test('what became of a car is looked up in the list, and its absence is believed once nothing can be on its way', async () => {
  const [there, gone] = [platform('а 777 аа 77\na123bc 77').vehicles, platform('а 777 аа 77').vehicles];
  const noTrace = { is: 'not-taken', code: 'PLATFORM_UNAVAILABLE', repeatable: true };
  const old = { sentAt: later(NOW, -15_000) };
  expect(await there.added(order(), signal)).toEqual({ is: 'succeeded' });
  expect(await gone.added(order(), signal)).toEqual({ ...noTrace, mayStillArrive: true });
  expect(await gone.added(order(old), signal)).toEqual({ ...noTrace, mayStillArrive: false });
  expect(await gone.removed(order(), signal)).toEqual({ is: 'succeeded' });
  expect(await there.removed(order(old), signal)).toEqual({ ...noTrace, mayStillArrive: false });
  expect(await there.removed(order({ others: [null] }), signal)).toEqual({ is: 'succeeded' });
});

test.each<[string, number, boolean]>([
  ['PUT', 400, true],
  ['PUT', 409, true],
  ['PUT', 422, true],
  ['PUT', 403, false],
  ['PUT', 404, false],
  ['PUT', 410, false],
  ['PUT', 413, false],
  ['GET', 400, false],
  ['GET', 403, false],
])('only what is said to the list itself is about the plate: %s %i', async (method, status, isOfPlate) => {
  const { vehicles } = platform('', { method, status });
  expect(await vehicles.add(order(), signal)).toEqual({
    is: 'failed',
    code: 'REFUSED_BY_PLATFORM',
    ...(isOfPlate && { isOfPlate }),
  });
});
