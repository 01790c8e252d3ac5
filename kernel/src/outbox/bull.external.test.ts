import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { createTelemetry } from '../telemetry.ts';
import { dispatcherConforms } from './dispatcher-conformance.ts';
import { createBullDispatcher } from './outbox.ts';

const { log } = createTelemetry({ service: 'test', level: 'silent' });
const redisUrl = process.env['TEST_REDIS_URL'] ?? '';

dispatcherConforms('bull', () => createBullDispatcher({ redisUrl, prefix: `test-${randomUUID()}`, log }));

test('bull: without a Redis the commands are delivered all the same', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  // A port that nothing listens on.
  const dispatcher = createBullDispatcher({ redisUrl: 'redis://127.0.0.1:1', log });
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
  const dispatcher = createBullDispatcher({ redisUrl: way.url, prefix: `test-${randomUUID()}`, log });
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
  const dispatcher = createBullDispatcher({ redisUrl: way.url, prefix: `test-${randomUUID()}`, log });
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
