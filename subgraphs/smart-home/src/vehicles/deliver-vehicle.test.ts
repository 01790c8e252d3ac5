import { later } from '@house/kernel/clock';
import type { Command, Outcome } from '@house/kernel/outbox';
import { expect, test } from '@jest/globals';
import type { PlateOrder, Vehicles } from '../platform/platform.ts';
import { createDeliverAdd, createDeliverRemove } from './deliver-vehicle.ts';
import type { Provisioning } from './store.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const signal = new AbortController().signal;
const command = (overrides: Partial<Command> = {}): Command => ({
  id: 'op_1',
  kind: 'VEHICLE_ADD',
  class: 'write',
  orderKey: 'plates|pr_1',
  body: { subject: 'somebody', permitId: 've_1' },
  createdAt: NOW,
  notAfter: later(NOW, 1_000),
  phase: 'confirm',
  attempts: 1,
  uncertain: true,
  sentAt: later(NOW, 500),
  leaseToken: 1,
  ...overrides,
});

/** A house whose platform took the car and does not say yet what became of it. */
const start = (added: Outcome) => {
  let now = NOW;
  let ref: string | null = null;
  const orders: PlateOrder[] = [];
  const tell =
    (outcome: Outcome) =>
    async (order: PlateOrder): Promise<Outcome> => {
      orders.push(order);
      return outcome;
    };
  const translator = { version: 'v2', add: tell({ is: 'pending', ref: 'po_1' }), added: tell(added) };
  const permit = { id: 've_1', premisesId: 'pr_1', plate: {}, accessPointIds: [], toldAt: NOW, platformRef: null };
  const deps = {
    platform: { vehicles: async () => translator as Partial<Vehicles> },
    bindings: { premises: async () => [{ id: 'pr_1', siteId: 17, unit: {} }] },
    directory: { known: async () => [] },
    vehicles: { byIds: async () => [permit], othersOf: async () => [] },
    operations: {
      platformVersionOf: async () => 'v2',
      setPlatformVersion: async () => undefined,
      platformRefOf: async () => ref,
      setPlatformRef: async (_id: string, name: string) => {
        ref = name;
      },
    },
    endsAlike: {
      added: async (_: unknown, outcome: Outcome) => outcome,
      asked: (_: unknown, ask: () => Promise<Outcome>) => ask(),
    },
    clock: () => now,
  } as unknown as Parameters<typeof createDeliverAdd>[0];
  return {
    handler: createDeliverAdd(deps),
    orders,
    passUntil: (at: Date) => {
      now = at;
    },
  };
};

test('what became of a car is asked by the name that the platform gave it, and since when it was handed over', async () => {
  const { handler, orders } = start({ is: 'succeeded' });
  await handler.send(command({ phase: 'send' }), signal);
  await handler.confirm(command(), signal);
  expect(orders.map(({ operationRef }) => operationRef)).toEqual([null, 'po_1']);
  expect(orders[1]?.sentAt).toEqual(later(NOW, 500));
});

test('a car about which nobody tells is asked about for a day, and then holds up those behind it no longer', async () => {
  const { handler, passUntil } = start({ is: 'ambiguous', next: 'ask' });
  expect(await handler.confirm(command(), signal)).toEqual({ is: 'ambiguous', next: 'ask' });
  passUntil(later(NOW, 1_000));
  expect(await handler.confirm(command(), signal)).toEqual({ is: 'ambiguous', next: 'repeat' });
});

test.each<[string, typeof createDeliverAdd, Provisioning]>([
  ['a car that its person has taken back meanwhile is not brought back', createDeliverAdd, 'REMOVED'],
  ['a car that its person has asked for again meanwhile is not taken away', createDeliverRemove, 'APPLIED'],
])('%s by a dead letter that goes out again', async (_, createDeliver, provisioning) => {
  const deps = { vehicles: { byIds: async () => [{ id: 've_1', provisioning }] }, clock: () => NOW };
  const handler = createDeliver(deps as unknown as Parameters<typeof createDeliverAdd>[0]);
  expect(await handler.permit(command({ phase: 'send' }))).toBe('NO_LONGER_ALLOWED');
});
