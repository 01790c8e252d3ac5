import { createTelemetry } from '@house/kernel/telemetry';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createClock } from '../test/house.ts';
import { createKey, startIssuer } from '../test/issuer.ts';
import { createKeys, type Keys } from './keys.ts';

const { log } = createTelemetry({ service: 'test', level: 'silent' });
const MINUTE = 60_000;

let time: ReturnType<typeof createClock>;
let issuer: Awaited<ReturnType<typeof startIssuer>>;
let keys: Keys;
beforeEach(async () => {
  time = createClock();
  issuer = await startIssuer(time.clock);
  keys = createKeys({ issuer: issuer.issuer, fetch, clock: time.clock, log });
});
afterEach(async () => {
  keys.stop();
  await issuer.close();
});

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
};

/** Discovery and keys: one reading is two requests. */
const readings = (): number => issuer.state.asked / 2;

test('a key is found by discovery, once for everybody who waits', async () => {
  const found = await Promise.all(Array.from({ length: 50 }, () => keys.find('key-1')));
  expect(found.every((key) => key?.asymmetricKeyType === 'ec')).toBe(true);
  expect(readings()).toBe(1);
});

test('10 000 invented key ids cost the issuer one request in thirty seconds and lock nobody out', async () => {
  await keys.find('key-1');
  time.move(31_000);
  const invented = await Promise.all(Array.from({ length: 10_000 }, (_, n) => keys.find(`invented-${n}`)));
  expect(invented.every((key) => key === undefined)).toBe(true);
  expect(readings()).toBe(2);
  expect(await keys.find('key-1')).toBeDefined();
  time.move(29_000);
  await keys.find('invented');
  expect(readings()).toBe(2);
});

test('a new key is found at its first use, and the one that was withdrawn is not good any longer', async () => {
  await keys.find('key-1');
  issuer.state.keys = [createKey('key-2').jwk];
  expect(await keys.find('key-2')).toBeDefined();
  expect(await keys.find('key-1')).toBeUndefined();
});

test('an invented key id keeps a new key out for thirty seconds at most', async () => {
  await keys.find('key-1');
  await keys.find('invented');
  issuer.state.keys = [createKey('key-2').jwk];
  expect(await keys.find('key-2')).toBeUndefined();
  time.move(30_000);
  expect(await keys.find('key-2')).toBeDefined();
});

test('a reading that began before a key was published does not keep it out', async () => {
  await keys.find('key-1');
  time.move(10 * MINUTE + 1);
  await keys.find('key-1');
  const found = keys.find('key-2');
  // Answered already by the reading that is under way, with the keys of before.
  await until(() => readings() >= 2);
  issuer.state.keys = [issuer.key.jwk, createKey('key-2').jwk];
  expect(await found).toBeDefined();
});

test('no key is unknown while an issuer rotates, whatever is invented meanwhile', async () => {
  await keys.find('key-1');
  const next = createKey('key-2');
  let signing = 'key-1';
  let refused = 0;
  const hour = async (): Promise<void> => {
    for (let seconds = 0; seconds < 3_600; seconds += 10) {
      time.move(10_000);
      const [found] = await Promise.all([keys.find(signing), keys.find(`invented-${seconds}`)]);
      if (!found) refused += 1;
    }
  };
  issuer.state.keys = [issuer.key.jwk, next.jwk];
  time.move(30_000);
  signing = 'key-2';
  await hour();
  issuer.state.keys = [next.jwk];
  await hour();
  expect(refused).toBe(0);
  expect(await keys.find('key-1')).toBeUndefined();
  expect(readings()).toBeLessThanOrEqual(1 + 2 * 2 * 60 + 2 * 6);
});

test('a clock that was set back keeps no new key out', async () => {
  await keys.find('key-1');
  issuer.state.keys = [issuer.key.jwk, createKey('key-2').jwk];
  time.move(-3_600_000);
  expect(await keys.find('key-2')).toBeDefined();
});

describe('an issuer that is away', () => {
  test('from the start: nobody is let in and nobody is called a stranger', async () => {
    issuer.state.down = true;
    await expect(keys.find('key-1')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(keys.known()).toBe(false);
    issuer.state.down = false;
    time.move(1_000);
    expect(await keys.find('key-1')).toBeDefined();
    expect(keys.known()).toBe(true);
  });

  test('at the start: it is asked until it answers', async () => {
    issuer.state.down = true;
    keys.start();
    await until(() => issuer.state.asked > 0);
    expect(keys.known()).toBe(false);
    issuer.state.down = false;
    await until(() => keys.known());
  });

  test('while it has published a new key: nobody who has it is called a stranger, and it is found when it is back', async () => {
    await keys.find('key-1');
    time.move(31_000);
    issuer.state.down = true;
    issuer.state.keys = [createKey('key-2').jwk];
    for (const ms of [0, 1_000, 6_000]) {
      time.move(ms);
      await expect(keys.find('key-2')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    }
    issuer.state.down = false;
    time.move(5_000);
    expect(await keys.find('key-2')).toBeDefined();
  });

  test('a new key is found by all who bring it at once', async () => {
    await keys.find('key-1');
    time.move(31_000);
    issuer.state.keys = [createKey('key-2').jwk];
    const found = await Promise.all(Array.from({ length: 20 }, () => keys.find('key-2')));
    expect(found.every((key) => key !== undefined)).toBe(true);
  });

  test('for a day: its keys go on working; longer: they do not', async () => {
    await keys.find('key-1');
    issuer.state.down = true;
    time.move(24 * 60 * MINUTE);
    expect(await keys.find('key-1')).toBeDefined();
    time.move(1);
    await expect(keys.find('key-1')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(keys.known()).toBe(false);
  });
});

test('old keys are renewed without anybody waiting for it', async () => {
  await keys.find('key-1');
  issuer.state.keys = [];
  time.move(10 * MINUTE + 1);
  expect(await keys.find('key-1')).toBeDefined();
  await until(() => readings() === 2);
  expect(await keys.find('key-1')).toBeDefined();
});

describe('what an issuer publishes', () => {
  const { jwk } = createKey('key-x');
  test.each([
    ['for encryption', { ...jwk, use: 'enc' }],
    ['for another algorithm', { ...jwk, alg: 'ES384' }],
    ['on another curve', { ...jwk, crv: 'P-384' }],
    ['of another type', { kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: 'key-x' }],
    ['that is a secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'key-x' }],
    ['that is private', { ...createKey('key-x').privateKey.export({ format: 'jwk' }), kid: 'key-x' }],
    ['without an id', { ...jwk, kid: undefined }],
    ['that is no point of its curve', { ...jwk, x: jwk['y'] }],
    ['that is cut', { ...jwk, x: 'AQAB' }],
  ])('as a key %s is not used', async (_what, published) => {
    issuer.state.keys = [issuer.key.jwk, published];
    expect(await keys.find('key-1')).toBeDefined();
    expect(await keys.find('key-x')).toBeUndefined();
  });

  test('under the name of another issuer is not believed', async () => {
    const other = createKeys({
      issuer: issuer.issuer.replace('127.0.0.1', 'localhost'),
      fetch,
      clock: time.clock,
      log,
    });
    await expect(other.find('key-1')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});
