import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createTelemetry } from '../telemetry.ts';
import { dispatcherConforms } from './dispatcher-conformance.ts';
import { createBullDispatcher } from './outbox.ts';

const clock = () => new Date();
const { log } = createTelemetry({ service: 'test', level: 'silent' });
const redisUrl = process.env['TEST_REDIS_URL'] ?? '';

dispatcherConforms('bull', () => createBullDispatcher({ redisUrl, prefix: `test-${randomUUID()}`, clock, log }));

test('bull: without a Redis the commands are delivered all the same', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  // A port that nothing listens on.
  const dispatcher = createBullDispatcher({ redisUrl: 'redis://127.0.0.1:1', clock, log });
  await dispatcher.start(async (id) => resolve(id));
  dispatcher.dispatch({ id: 'a', class: 'moment', leaseToken: 0 });
  expect(await promise).toBe('a');
  await dispatcher.stop();
});

/** A way to the real Redis that can be frozen or cut. */
const openWay = async () => {
  const { hostname, port } = new URL(redisUrl);
  const sockets: Socket[] = [];
  let open = true;
  const between = createServer((near) => {
    if (!open) return void near.destroy();
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
    sockets.push(near, far);
  });
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  const address = between.address() as AddressInfo;
  return {
    url: `redis://127.0.0.1:${address.port}`,
    freeze: () => {
      for (const socket of sockets) socket.pause().unpipe();
    },
    cut: () => {
      open = false;
      for (const socket of sockets) socket.destroy();
    },
    mend: () => {
      open = true;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      between.close();
    },
  };
};

test('bull: a Redis that freezes while we are connected holds up no door', async () => {
  const way = await openWay();
  const delivered = { first: Promise.withResolvers<void>(), door: Promise.withResolvers<void>() };
  const dispatcher = createBullDispatcher({ redisUrl: way.url, prefix: `test-${randomUUID()}`, clock, log });
  await dispatcher.start(async (id) => delivered[id as keyof typeof delivered].resolve());
  dispatcher.dispatch({ id: 'first', class: 'moment', leaseToken: 0 });
  await delivered.first.promise;
  way.freeze();
  dispatcher.dispatch({ id: 'door', class: 'moment', leaseToken: 0 });
  await delivered.door.promise;
  await dispatcher.stop();
  way.close();
});

test('bull: stopping while Redis is gone still finishes what is under way', async () => {
  const way = await openWay();
  const entered = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let finished = false;
  const dispatcher = createBullDispatcher({ redisUrl: way.url, prefix: `test-${randomUUID()}`, clock, log });
  await dispatcher.start(async () => {
    entered.resolve();
    await gate.promise;
    finished = true;
  });
  dispatcher.dispatch({ id: 'a', class: 'moment', leaseToken: 0 });
  await entered.promise;
  way.cut();
  await new Promise((resolve) => setImmediate(resolve));
  const stopped = dispatcher.stop().then(() => finished);
  await new Promise((resolve) => setImmediate(resolve));
  gate.resolve();
  way.mend();
  expect(await stopped).toBe(true);
  way.close();
});

test('bull: a job that it lost track of holds up its command for two seconds, not for ever', async () => {
  const prefix = `test-${randomUUID()}`;
  let now = new Date('2026-11-24T10:00:00Z');
  const dispatcher = createBullDispatcher({ redisUrl, prefix, clock: () => now, log });
  const turn = { id: 'door', class: 'moment', leaseToken: 3 } as const;
  // What is left when a worker stands still and ends a job that another one has ended: a hash in no list.
  const redis = new Redis(redisUrl);
  const lost = `${prefix}:commands-moment:door:3:${Math.floor(now.getTime() / 2_000)}`;
  await redis.hset(lost, { name: '__default__', data: '{"id":"door"}', failedReason: 'not in the active state' });
  await redis.quit();
  const delivered: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  await dispatcher.start(async (id) => {
    delivered.push(id);
    resolve();
  });
  dispatcher.dispatch(turn);
  now = new Date(now.getTime() + 2_000);
  dispatcher.dispatch(turn);
  await promise;
  expect(delivered).toEqual(['door']);
  await dispatcher.stop();
});
