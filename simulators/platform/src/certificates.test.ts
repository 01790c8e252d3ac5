import { createHash, X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { later } from '@house/kernel/clock';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ensureDevelopmentCertificates, pinOf, rotateServerCertificate } from './certificates.ts';
import { rotateResponseKeys } from './response-keys.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const start = new Date('2026-11-24T09:00:00Z');
let directory: string;

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'certificates-')), 'tls');
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

const at = (days: number) => ensureDevelopmentCertificates({ directory, clock: () => later(start, days * DAY_MS) });

test('the server is named by every loopback name, and both leaves are of the authority', async () => {
  const made = await at(0);
  const server = new X509Certificate(made.serverCertPem);
  const authority = new X509Certificate(made.caPem);
  expect(server.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
  expect(server.checkIssued(authority) && server.verify(authority.publicKey)).toBe(true);
  expect(new X509Certificate(made.clientCertPem).verify(authority.publicKey)).toBe(true);
  expect(authority.ca && !server.ca).toBe(true);
  expect(server.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
});

test('a second start uses the same certificates', async () => {
  const first = await at(0);
  expect(await at(1)).toEqual(first);
});

test('nobody else on the machine can read a file of it', async () => {
  await at(0);
  const modes = readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777);
  expect(new Set(modes)).toEqual(new Set([0o600]));
  expect(modes).toHaveLength(10);
});

test('an expired leaf is made anew and the authority stays', async () => {
  const first = await at(0);
  const second = await at(400);
  expect(second.caPem).toBe(first.caPem);
  expect(second.serverCertPem).not.toBe(first.serverCertPem);
  expect(new X509Certificate(second.serverCertPem).validToDate.getTime()).toBeGreaterThan(
    later(start, 400 * DAY_MS).getTime(),
  );
});

test('an expired authority takes its leaves with it', async () => {
  const first = await at(0);
  const second = await at(3660);
  expect(second.caPem).not.toBe(first.caPem);
  const authority = new X509Certificate(second.caPem);
  expect(new X509Certificate(second.serverCertPem).verify(authority.publicKey)).toBe(true);
});

test('a private key that others can read is refused by name', async () => {
  await at(0);
  chmodSync(join(directory, 'server-key.pem'), 0o644);
  await expect(at(0)).rejects.toThrow(/server-key\.pem can be read by others/);
});

test('a renewed leaf of the server is of the key that was pinned in advance, and the next one is pinned at once', async () => {
  const first = await at(0);
  const pinned = () => readFileSync(join(directory, 'pins.txt'), 'utf8').trimEnd().split('\n');
  expect(pinned()).toEqual(first.pins);
  const { publicKey } = new X509Certificate(first.serverCertPem);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  expect(first.pins[0]).toBe(createHash('sha256').update(spki).digest('base64'));
  const second = await rotateServerCertificate({ directory, clock: () => start });
  expect(second.pins[0]).toBe(first.pins[1]);
  expect(first.pins).not.toContain(second.pins[1]);
  expect(pinned()).toEqual(second.pins);
  expect(pinOf(second.serverKeyPem)).toBe(first.pins[1]);
  expect((await at(400)).pins[0]).toBe(second.pins[1]);
});

test('the platform’s signing keys are published without their private halves, the next one in advance', async () => {
  const { signingKeys } = await at(0);
  const published = () => JSON.parse(readFileSync(join(directory, 'signing-keys.json'), 'utf8')) as unknown;
  expect(published()).toEqual(signingKeys);
  expect(signingKeys.keys).toEqual(
    [1, 2].map(() => ({
      kty: 'EC',
      crv: 'P-256',
      x: expect.any(String),
      y: expect.any(String),
      kid: expect.stringMatching(/^[\w-]{43}$/),
      use: 'sig',
      alg: 'ES256',
    })),
  );
  const [current, next] = signingKeys.keys;
  const rotated = rotateResponseKeys({ directory });
  expect(rotated.current.kid).toBe(next?.kid);
  expect(rotated.published.keys.map(({ kid }) => kid)).toEqual([next?.kid, expect.any(String), current?.kid]);
  expect(published()).toEqual(rotated.published);
  expect((await at(1)).signingKeys).toEqual(rotated.published);
});
