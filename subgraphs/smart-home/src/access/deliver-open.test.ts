import type { Command, Outcome } from '@house/kernel/outbox';
import { expect, test } from '@jest/globals';
import type { BoundPremises } from '../bindings.ts';
import type { Access, OpenOrder, PlatformVersion } from '../platform/platform.ts';
import { createDeliverOpen } from './deliver-open.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const signal = new AbortController().signal;
const HOME: BoundPremises = {
  id: 'pr_1',
  complexId: 'cx_1',
  siteId: 23,
  unit: { siteId: 23, unitId: 'unit_1', flatId: 7 },
};
const DOOR = {
  id: 'ac_1',
  ref: { v2: 'ap_1', v1: { domophoneId: 1, doorId: 0 } },
  kind: 'ENTRANCE' as const,
  name: 'Entrance',
  actuation: 'MOMENTARY' as const,
  connectivity: 'ONLINE' as const,
  blockedReason: null,
  allowedMethods: [],
  stateAsOf: NOW,
};
const command = (overrides: Partial<Command> = {}): Command => ({
  id: 'op_1',
  kind: 'OPEN',
  class: 'moment',
  orderKey: null,
  body: { subject: 'somebody', premisesId: HOME.id, accessPointId: DOOR.id },
  createdAt: NOW,
  notAfter: new Date('2026-03-01T12:00:10Z'),
  phase: 'send',
  attempts: 1,
  uncertain: false,
  sentAt: null,
  leaseToken: 1,
  ...overrides,
});

/** A house whose site is served by `serving`, and whose operation went out by `sentBy`. */
const start = ({ serving, sentBy }: { serving: PlatformVersion; sentBy?: PlatformVersion }) => {
  const told: string[] = [];
  const orders: OpenOrder[] = [];
  const asked: unknown[] = [];
  const access = (version: PlatformVersion): Access => {
    const tell =
      (what: string) =>
      async (order: OpenOrder): Promise<Outcome> => {
        orders.push(order);
        told.push(`${version} ${what}`);
        return { is: 'pending', ...(what === 'open' && { ref: 'po_1' }) };
      };
    return { version, open: tell('open'), outcome: tell('ask') } as Partial<Access> as Access;
  };
  let stored = sentBy;
  let ref: string | null = null;
  const handler = createDeliverOpen({
    platform: { access: async (_siteId, version) => access(version ?? serving) },
    standings: { fresh: () => Promise.reject(new Error('not expected')) },
    bindings: { premises: async () => [HOME], subjectRef: async () => 'sr_1' },
    directory: { known: async () => [DOOR] },
    operations: {
      platformVersionOf: async () => stored,
      setPlatformVersion: async (_id, version) => {
        stored = version;
      },
      platformRefOf: async () => ref,
      setPlatformRef: async (_id, name) => {
        ref = name;
      },
    },
    sentOpens: {
      besides: async (open) => {
        asked.push(open);
        return [];
      },
    },
    clock: () => NOW,
  });
  return { handler, told, orders, asked };
};

test('what became of an open is asked of the version that it went out by, even if the building has moved since', async () => {
  const { handler, told } = start({ serving: 'v2', sentBy: 'v1' });
  await handler.confirm(command({ phase: 'confirm' }), signal);
  await handler.confirm(command({ phase: 'confirm' }), signal);
  expect(told).toEqual(['v1 ask', 'v1 ask']);
});

test('an open that may be on its way is repeated only where its key is known', async () => {
  const { handler, told } = start({ serving: 'v1', sentBy: 'v2' });
  await handler.send(command({ uncertain: true, attempts: 2 }), signal);
  expect(told).toEqual(['v2 open']);
});

test('an open that certainly did nothing goes out by the version that serves the building now', async () => {
  const { handler, told } = start({ serving: 'v2', sentBy: 'v1' });
  await handler.send(command({ attempts: 2 }), signal);
  expect(told).toEqual(['v2 open']);
});

test('an open is looked for since it was last handed over, besides whatever else was sent there', async () => {
  const { handler, orders, asked } = start({ serving: 'v1', sentBy: 'v1' });
  const sentAt = new Date('2026-03-01T12:00:03Z');
  await handler.confirm(command({ phase: 'confirm', sentAt }), signal);
  expect(orders[0]?.sentAt).toEqual(sentAt);
  expect(asked).toEqual([]);
  await orders[0]?.others();
  expect(asked).toEqual([{ operationId: 'op_1', premisesId: HOME.id, accessPointId: DOOR.id, since: NOW }]);
});

test('what became of an open is asked by the name that the platform gave it', async () => {
  const { handler, orders } = start({ serving: 'v2' });
  await handler.send(command(), signal);
  await handler.confirm(command({ phase: 'confirm' }), signal);
  expect(orders.map(({ operationRef }) => operationRef)).toEqual([null, 'po_1']);
});
