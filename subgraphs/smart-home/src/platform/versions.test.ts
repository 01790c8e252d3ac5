import { later } from '@house/kernel/clock';
import { createDeadline } from '@house/kernel/subgraph';
import { createTelemetry } from '@house/kernel/telemetry';
import { expect, test } from '@jest/globals';
import type { PlatformClient } from './client.ts';
import { networkFault, PlatformFault } from './faults.ts';
import { createVersions } from './versions.ts';

const START = new Date('2026-03-01T12:00:00Z');
const SITE = 17;
const { log } = createTelemetry({ service: 'test', level: 'silent' });
const saying = (version: 'v1' | 'v2') => ({ versions: [], sites: { default: version, overrides: [] } });

const start = (memory?: unknown) => {
  let now = START;
  let asked = 0;
  let answer: 'v1' | 'v2' | 'nothing' | 'silence' = 'v1';
  const client: PlatformClient = {
    url: 'https://platform.test',
    exchange: async () => {
      asked += 1;
      if (answer === 'silence') return new Promise(() => undefined);
      if (answer === 'nothing') throw new PlatformFault(networkFault(new Error('down'), 'unsent'));
      return { status: 200, headers: {}, text: JSON.stringify(saying(answer)) };
    },
    certificate: () => undefined,
    close: async () => undefined,
  };
  const versions = createVersions({
    client,
    memory: { read: async () => memory, write: async () => undefined },
    clock: () => now,
    log,
  });
  return {
    version: () => versions.of(SITE, 'accessPoints'),
    versionWithin: (ms: number) => versions.by(SITE, 'accessPoints', createDeadline(ms)),
    asked: () => asked,
    renew: () => versions.renew(),
    says: (next: typeof answer) => {
      answer = next;
    },
    move: (milliseconds: number) => {
      now = later(now, milliseconds);
    },
  };
};

test('callers that come together share one question, and the answer serves for half a minute', async () => {
  const { version, asked, move } = start();
  expect(await Promise.all([version(), version(), version()])).toEqual(['v1', 'v1', 'v1']);
  move(29_999);
  await version();
  expect(asked()).toBe(1);
});

test('after a quiet night a door is not sent to the version that served the building yesterday', async () => {
  const { version, says, move } = start();
  await version();
  says('v2');
  move(8 * 60 * 60_000);
  expect(await version()).toBe('v2');
});

test('while the platform is down the last answer serves, and nobody waits for another', async () => {
  const { version, asked, says, move } = start();
  await version();
  says('nothing');
  move(8 * 60 * 60_000);
  expect(await version()).toBe('v1');
  expect(await version()).toBe('v1');
  expect(asked()).toBeLessThanOrEqual(3);
});

test('a process that starts while the platform is down knows what the one before it knew', async () => {
  const { version, says } = start(saying('v2'));
  says('nothing');
  expect(await version()).toBe('v2');
  says('v1');
  // Known already: used at once, while the newer answer is on its way.
  expect(await version()).toBe('v2');
  await new Promise((resolve) => setImmediate(resolve));
  expect(await version()).toBe('v1');
});

test('what nobody ever knew is refused', async () => {
  const { version, says } = start();
  says('nothing');
  await expect(version()).rejects.toBeInstanceOf(PlatformFault);
});

test('whoever has no time for a newer answer is served by the version that is known', async () => {
  const unknown = start();
  unknown.says('silence');
  await expect(unknown.versionWithin(30)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  const known = start();
  expect(await known.version()).toBe('v1');
  known.says('silence');
  known.move(8 * 60 * 60_000);
  expect(await known.versionWithin(30)).toBe('v1');
});

test('when it is said that a building has moved, it is asked at once and not when the answer is old', async () => {
  const { version, asked, says, renew } = start();
  expect(await version()).toBe('v1');
  says('v2');
  expect(await version()).toBe('v1');
  await renew();
  expect(await version()).toBe('v2');
  expect(asked()).toBe(2);
});
