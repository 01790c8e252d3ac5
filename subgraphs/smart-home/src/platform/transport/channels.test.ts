import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { later } from '@house/kernel/clock';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { createPlatformClient } from '../client.ts';
import { createGuard } from '../guard.ts';
import { type Authority, createAuthority, type Leaf, pinOfKey } from '../test/certificates.ts';
import { createSigningPair } from '../test/played-platform.ts';
import {
  createFolder,
  keySetOf,
  pemOf,
  shownBy,
  startListener,
  startTlsPlatform,
  type TlsPlatform,
  thumbprint,
} from '../test/tls-platform.ts';
import { watchTrust } from './trust.ts';

const START = new Date('2026-03-01T12:00:00Z');
const pair = createSigningPair('platform-1');
const clientKey = pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const closing: (() => unknown)[] = [];
let now = START;
let authority: Authority;
let evil: Authority;
let server: Leaf;
let next: Leaf;
let client: Leaf;
beforeAll(async () => {
  [authority, evil] = await Promise.all([createAuthority('The platform'), createAuthority('Somebody else')]);
  [server, next, client] = await Promise.all([authority.server(), authority.server(), authority.client()]);
});
afterEach(async () => {
  now = START;
  for (const close of closing.splice(0).toReversed()) await close();
});

const startPlatform = async (
  options: Partial<Parameters<typeof startTlsPlatform>[0]> = {},
): Promise<TlsPlatform & { heard: string[]; shown: string[] }> => {
  const heard: string[] = [];
  const shown: string[] = [];
  const platform = await startTlsPlatform({
    leaf: server,
    ca: authority.pem,
    pair: () => pair,
    now: () => now,
    listener: (incoming, outgoing) => {
      heard.push(`${incoming.method} ${incoming.url}`);
      shown.push(shownBy(incoming.socket as TLSSocket));
      outgoing.writeHead(200, { 'content-type': 'application/json' });
      outgoing.end('{}');
    },
    ...options,
  });
  closing.push(platform.close);
  return { ...platform, heard, shown };
};

/** Trusts the platform's authority and the keys of the current and the next leaf, unless `files` says otherwise. */
const startClient = (url: string, files: Partial<Parameters<typeof createFolder>[0]> = {}) => {
  const folder = createFolder({
    ca: authority.pem,
    pins: `# in use\n${pinOfKey(server.key)}\n# to come\n${pinOfKey(next.key)}\n`,
    clientCertificate: client.cert,
    clientTlsKey: client.key,
    clientKey,
    signingKeys: keySetOf(pair),
    ...files,
  });
  const lines: string[] = [];
  const telemetry = createTelemetry({
    service: 'test',
    level: 'info',
    destination: { write: (line) => lines.push(line) },
  });
  const clock = () => now;
  const platformClient = createPlatformClient({
    url,
    clientId: 'house',
    trust: watchTrust({ files: folder.files, clock, log: telemetry.log }),
    guard: createGuard({ clock }),
    witness: () => undefined,
    clock,
    random: randomBytes,
    telemetry,
  });
  closing.push(folder.remove, () => platformClient.close());
  const open = () =>
    platformClient.exchange({
      method: 'POST',
      path: '/api/v2/access-points/ap_1/open',
      route: '/access-points/{id}/open',
      json: { unitId: 'u' },
      signed: true,
      signal: AbortSignal.timeout(5_000),
    });
  const metrics = () => telemetry.registry.metrics();
  return { folder, lines, open, metrics };
};

const UNSENT = { fault: { effect: 'unsent', transient: true, code: 'PLATFORM_UNAVAILABLE' } };

test('the pinned platform is spoken to, with our certificate', async () => {
  const { url, heard } = await startPlatform();
  expect((await startClient(url).open()).status).toBe(200);
  expect(heard).toEqual(['POST /api/v2/access-points/ap_1/open']);
});

test('another key under a trusted authority gets no byte of a request: it was not sent, and that is said aloud once', async () => {
  const leaf = await authority.server();
  const { url, bytes, close } = await startListener(leaf);
  closing.push(close);
  const { open, lines, metrics } = startClient(url);
  for (let turn = 0; turn < 3; turn += 1)
    await expect(open()).rejects.toMatchObject({ fault: { ...UNSENT.fault, problem: 'PLATFORM_KEY_NOT_PINNED' } });
  expect(bytes()).toBe(0);
  const said = lines.filter((line) => line.includes('platform-key-not-pinned'));
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('"level":50');
  expect(await metrics()).toMatch(/platform_connections_refused_total 3/);
  // The same listener hears the request of whoever pins its key, and cannot answer it.
  await expect(startClient(url, { pins: pinOfKey(leaf.key) }).open()).rejects.toMatchObject({
    fault: { effect: 'possible', problem: 'answer-unproven' },
  });
  expect(bytes()).toBeGreaterThan(200);
});

test('a pinned key is not enough: the name and the chain are checked too', async () => {
  const elsewhere = await authority.server([{ type: 'dns', value: 'elsewhere.test' }]);
  const misnamed = await startPlatform({ leaf: elsewhere });
  const pins = `${pinOfKey(elsewhere.key)}\n`;
  await expect(startClient(misnamed.url, { pins }).open()).rejects.toMatchObject({
    fault: { ...UNSENT.fault, problem: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  });
  const foreign = await evil.server();
  const unvouched = await startPlatform({ leaf: foreign });
  await expect(startClient(unvouched.url, { pins: pinOfKey(foreign.key) }).open()).rejects.toMatchObject(UNSENT);
  expect([...misnamed.heard, ...unvouched.heard]).toEqual([]);
});

test.each(['TLSv1', 'TLSv1.1'] as const)('a platform that speaks %s at most is not spoken to', async (version) => {
  const { url, heard } = await startPlatform({
    minVersion: 'TLSv1',
    maxVersion: version,
    ciphers: 'DEFAULT:@SECLEVEL=0',
  });
  await expect(startClient(url).open()).rejects.toMatchObject(UNSENT);
  expect(heard).toEqual([]);
});

test('TLS 1.2 is enough', async () => {
  const { url } = await startPlatform({ maxVersion: 'TLSv1.2' });
  expect((await startClient(url).open()).status).toBe(200);
});

test('without a certificate that the platform knows, it hears nothing', async () => {
  const { url, heard } = await startPlatform();
  const stranger = await evil.client();
  const { open } = startClient(url, { clientCertificate: stranger.cert, clientTlsKey: stranger.key });
  await expect(open()).rejects.toMatchObject({ name: 'PlatformFault' });
  expect(heard).toEqual([]);
});

test('no session is resumed: each connection shows its key anew', async () => {
  const reused: boolean[] = [];
  const { url } = await startPlatform({
    maxVersion: 'TLSv1.2',
    listener: (incoming, outgoing) => {
      reused.push((incoming.socket as TLSSocket).isSessionReused());
      outgoing.writeHead(200, { connection: 'close' });
      outgoing.end('{}');
    },
  });
  const { open } = startClient(url);
  for (let turn = 0; turn < 3; turn += 1) await open();
  expect(reused).toEqual([false, false, false]);
});

test('the next key is taken before and after the platform changes to it; the former no more once its pin is gone', async () => {
  const platform = await startPlatform();
  const { open, folder } = startClient(platform.url);
  await open();
  platform.show(next);
  folder.replace('pins', `${pinOfKey(next.key)}\n`);
  now = later(now, 1_000);
  expect((await open()).status).toBe(200);
  platform.show(server);
  folder.replace('pins', `${pinOfKey(next.key)}\n# again\n`);
  now = later(now, 1_000);
  await expect(open()).rejects.toMatchObject(UNSENT);
});

test('a pin that was added this very second counts', async () => {
  const { url } = await startPlatform({ leaf: server });
  const { open, folder } = startClient(url, { pins: pinOfKey(next.key) });
  await expect(open()).rejects.toMatchObject(UNSENT);
  folder.replace('pins', pinOfKey(server.key));
  expect((await open()).status).toBe(200);
});

test.each([
  ['pins', ''],
  ['pins', 'c29tZXRoaW5n\n'],
  ['ca', '-----BEGIN CERTIFICATE-----\nMIIB'],
  ['clientCertificate', ''],
  ['clientTlsKey', '-----BEGIN PRIVATE KEY-----\n'],
  ['signingKeys', '{"keys":[{"kty":"EC"'],
  ['signingKeys', '{"keys":[]}'],
  ['clientKey', '-----BEGIN PRIVATE KEY-----\n'],
] as const)('a file of %s that is half written (%j) leaves the former content in use', async (name, half) => {
  const { url } = await startPlatform();
  const { open, folder, lines } = startClient(url);
  await open();
  folder.write(name, half);
  now = later(now, 1_000);
  expect((await open()).status).toBe(200);
  expect(lines.filter((line) => line.includes('platform-files-not-usable'))).toHaveLength(1);
});

test('a certificate is used only once its key is there', async () => {
  const { url, shown } = await startPlatform();
  const { open, folder } = startClient(url);
  const renewed = await authority.client();
  await open();
  folder.replace('clientCertificate', renewed.cert);
  now = later(now, 1_000);
  await open();
  folder.replace('clientTlsKey', renewed.key);
  now = later(now, 1_000);
  await open();
  expect(shown).toEqual([client.cert, client.cert, renewed.cert].map(thumbprint));
});
