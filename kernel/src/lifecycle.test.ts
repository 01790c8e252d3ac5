import { afterEach, expect, test } from '@jest/globals';
import { later } from './clock.ts';
import { parseConfig } from './config.ts';
import { createLifecycle, drainOnSignals, lameDuckMs } from './lifecycle.ts';
import { createTelemetry } from './telemetry.ts';

const silent = () => createTelemetry({ service: 'test', level: 'silent' }).log;

afterEach(() => {
  process.removeAllListeners('SIGTERM');
  process.removeAllListeners('SIGINT');
});

const withParts = (...names: string[]) => {
  const stopped: string[] = [];
  const lifecycle = createLifecycle({ log: silent() });
  for (const name of names)
    lifecycle.add({
      name,
      stop: async () => {
        stopped.push(name);
      },
    });
  return { lifecycle, stopped };
};

test('parts stop in the reverse of the order in which they started', async () => {
  const { lifecycle, stopped } = withParts('database', 'server');
  expect(await lifecycle.stop()).toBe(true);
  expect(stopped).toEqual(['server', 'database']);
});

test('a part waits for the one that was started after it', async () => {
  const order: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const lifecycle = createLifecycle({ log: silent() });
  lifecycle.add({ name: 'database', stop: async () => void order.push('database') });
  lifecycle.add({ name: 'server', stop: () => promise.then(() => void order.push('server')) });
  const stopping = lifecycle.stop();
  expect(order).toEqual([]);
  resolve();
  await stopping;
  expect(order).toEqual(['server', 'database']);
});

test('every part is told to retire before the first one stops', async () => {
  const order: string[] = [];
  const lifecycle = createLifecycle({ log: silent() });
  for (const name of ['health', 'server'])
    lifecycle.add({
      name,
      retire: () => void order.push(`${name} retires`),
      stop: async () => void order.push(`${name} stops`),
    });
  const stopping = lifecycle.stop();
  expect(order.slice(0, 2)).toEqual(['health retires', 'server retires']);
  await stopping;
  expect(order).toEqual(['health retires', 'server retires', 'server stops', 'health stops']);
});

test('stopping twice stops each part once', async () => {
  const { lifecycle, stopped } = withParts('a', 'b');
  await Promise.all([lifecycle.stop(), lifecycle.stop()]);
  expect(stopped).toEqual(['b', 'a']);
});

test('a part that fails to stop does not keep the others running, and the stop is not clean', async () => {
  const { lifecycle, stopped } = withParts('database');
  lifecycle.add({ name: 'server', stop: () => Promise.reject(new Error('stuck')) });
  expect(await lifecycle.stop()).toBe(false);
  expect(stopped).toEqual(['database']);
});

test('a drain that does not end is cut and is not clean', async () => {
  const lifecycle = createLifecycle({ log: silent(), limitMs: 5 });
  lifecycle.add({ name: 'stuck', stop: () => new Promise(() => {}) });
  expect(await lifecycle.stop()).toBe(false);
});

const draining = () => {
  let now = new Date('2026-11-24T09:00:00Z');
  const exits: number[] = [];
  const exited = Promise.withResolvers<number>();
  const { lifecycle, stopped } = withParts('server');
  const held = Promise.withResolvers<void>();
  lifecycle.add({ name: 'held', stop: () => held.promise });
  drainOnSignals({
    lifecycle,
    log: silent(),
    clock: () => now,
    exit: (code) => {
      exits.push(code);
      exited.resolve(code);
    },
  });
  return {
    stopped,
    exits,
    /** Lets the held part stop; resolves to the first exit code once the drain is over. */
    release: async () => {
      held.resolve();
      await lifecycle.stop();
      return exited.promise;
    },
    pass: (milliseconds: number) => {
      now = later(now, milliseconds);
    },
  };
};

test.each(['SIGTERM', 'SIGINT'] as const)('%s drains and ends with 0', async (signal) => {
  const { release, stopped, exits } = draining();
  process.emit(signal);
  expect(exits).toEqual([]);
  expect(await release()).toBe(0);
  expect(stopped).toEqual(['server']);
});

test('the same signal again within a second is one signal', async () => {
  const { release, exits, pass } = draining();
  process.emit('SIGTERM');
  pass(999);
  process.emit('SIGTERM');
  expect(await release()).toBe(0);
  expect(exits).toEqual([0]);
});

test('a signal after a second ends the process at once with 1', async () => {
  const { release, exits, pass } = draining();
  process.emit('SIGTERM');
  pass(1_000);
  process.emit('SIGINT');
  expect(exits).toEqual([1]);
  await release();
});

test('a deployed process takes requests for some seconds after it was told to end, one in development does not', () => {
  const read = (environment: Record<string, string>): number =>
    parseConfig(environment, { LAME_DUCK_MS: lameDuckMs(environment) }).LAME_DUCK_MS;
  expect([read({}), read({ NODE_ENV: 'development' }), read({ LAME_DUCK_MS: '0' })]).toEqual([4_000, 100, 0]);
  expect(() => read({ LAME_DUCK_MS: '4501' })).toThrow('LAME_DUCK_MS');
  expect(() => read({ LAME_DUCK_MS: 'soon' })).toThrow('LAME_DUCK_MS: milliseconds from 0 to 4500');
});
