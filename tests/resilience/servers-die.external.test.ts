/** What is promised is kept while the servers and workers that keep it are killed: two workers on one PostgreSQL and one Redis. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChance } from '@house/scripts/chaos/chance';
import { type InhabitedFlat, inhabit } from '@house/scripts/chaos/world';
import { createPorts } from '@house/scripts/deployed/ports';
import { type Servers, startServers } from '@house/scripts/deployed/servers';
import { type Services, startServices } from '@house/scripts/deployed/services';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { eventually, newKey } from '../support/house.ts';
import { createPlatformControl, type PlatformControl } from '../support/platform-control.ts';

/** After any process died, its work is gone on with within this (issue of a lease and a sweep). */
const RECOVERY_MS = 5_000;
const FINAL = new Set(['SUCCEEDED', 'FAILED', 'EXPIRED', 'CANCELLED']);

let directory: string;
let servers: Servers;
let services: Services;
let platform: PlatformControl;
let flats: InhabitedFlat[];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'servers-die-'));
  const ports = createPorts(process.pid);
  const isRoot = process.getuid?.() === 0;
  servers = await startServers({ directory, ports, environment: process.env, isRoot, say: () => undefined });
  const { databaseUrl, redisUrl } = servers;
  services = await startServices({
    ...{ directory, ports, databaseUrl, redisUrl, world: 'large', logLevel: 'error' },
    smartHome: { count: 2 },
  });
  platform = createPlatformControl(services.controlUrl);
  const { gatewayUrl, issuer } = services;
  flats = await inhabit({
    ...{ databaseUrl, gatewayUrl, issuer, size: 'large', count: { v1: 0, v2: 6 } },
    chance: createChance(3),
  });
}, 120_000);
beforeEach(() => platform.reset());
afterAll(async () => {
  await services?.stop();
  await servers?.stop();
  rmSync(directory, { recursive: true, force: true });
});

type Tap = { flat: InhabitedFlat; id: string };

/** Every flat opens its own entrance; each tap is sent under its key until it is accepted. */
const tapAll = (): Promise<Tap[]> =>
  Promise.all(
    flats.map(async (flat) => {
      const answer = await flat.inhabitants[0]?.resident.send('openAccessPoint', {
        premisesId: flat.premisesId,
        accessPointId: flat.points[0]?.id,
        deadlineMs: 20_000,
        idempotencyKey: newKey(),
      });
      if (answer?.is !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(answer)}`);
      return { flat, id: answer.operationId };
    }),
  );
const stateOf = async ({ flat, id }: Tap): Promise<string> =>
  (await flat.inhabitants[0]?.resident.states([id]))?.get(id) ?? '';
const ended = (taps: readonly Tap[]): Promise<string[]> =>
  eventually(
    () => Promise.all(taps.map(stateOf)),
    (states) => states.every((state) => FINAL.has(state)),
  );
const pulses = async (): Promise<(string | undefined)[]> =>
  (await platform.effects()).filter(({ kind }) => kind === 'open').map(({ idempotencyKey }) => idempotencyKey);

const expectOnceEach = async (taps: readonly Tap[]): Promise<void> => {
  for (const state of await ended(taps)) expect(state).toBe('SUCCEEDED');
  const served = await pulses();
  expect(served.length).toBe(new Set(served).size);
  // Several flats share an entrance, and then a pulse; nobody is served by none.
  expect(served.length).toBeGreaterThan(0);
  expect(served.every((key) => taps.some(({ id }) => id === key))).toBe(true);
};

test('Redis killed and wiped while commands are under way loses and repeats none of them', async () => {
  await platform.fault({ kind: 'slow', ms: 1_500, match: { path: '/open' } });
  const taps = await tapAll();
  servers.redis.kill();
  await servers.redis.up();
  await expectOnceEach(taps);
});

test('PostgreSQL killed while commands are under way loses and repeats none of them', async () => {
  await platform.fault({ kind: 'slow', ms: 1_500, match: { path: '/open' } });
  const taps = await tapAll();
  servers.postgres.kill();
  await servers.postgres.up();
  await expectOnceEach(taps);
});

test('a worker that is killed at work is gone on for within five seconds, and nothing opens twice', async () => {
  await platform.fault({ kind: 'timeout-after-effect', match: { path: '/open' } });
  const taps = await tapAll();
  await eventually(pulses, (served) => served.length > 0);
  await platform.clearFaults();
  for (const worker of services.smartHomes) worker.kill();
  const killedAt = performance.now();
  await Promise.all(services.smartHomes.map((worker) => worker.up()));
  const upAfter = performance.now() - killedAt;
  await ended(taps);
  expect(performance.now() - killedAt - upAfter).toBeLessThan(RECOVERY_MS);
  await expectOnceEach(taps);
});

test('a worker that stands still for longer than its lease does not do again what another one did meanwhile', async () => {
  await platform.fault({ kind: 'slow', ms: 1_000, match: { path: '/open' } });
  const taps = await tapAll();
  await services.smartHomes[0]?.pause(4_000);
  await expectOnceEach(taps);
});

test('without Redis from the start, everything is still delivered', async () => {
  await servers.redis.stop();
  const { smartHomes, gateways } = services;
  for (const program of [...smartHomes, ...gateways]) program.kill();
  await Promise.all([...smartHomes, ...gateways].map((program) => program.up()));
  await expectOnceEach(await tapAll());
});
