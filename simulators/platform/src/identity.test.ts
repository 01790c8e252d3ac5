/** Certificates, pins and signing keys change while the platform runs, and no client notices. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Caller, startCaller } from './test/caller.ts';

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller();
});
afterAll(() => caller.close());

/** The pin of the key that a fresh connection meets. */
const met = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const port = Number(new URL(caller.platformUrl).port);
    const socket = connect({ host: '127.0.0.1', port, ca: caller.certificates.caPem }, () => {
      const spki = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
      resolve(
        createHash('sha256')
          .update(spki ?? '')
          .digest('base64'),
      );
      socket.destroy();
    });
    socket.once('error', reject);
  });
const kidOf = (signatureInput: string | undefined) => /keyid="([^"]+)"/.exec(signatureInput ?? '')?.[1];

test('the next certificate is of the key that was pinned in advance, and connections that were open go on', async () => {
  const before = caller.identity.certificates();
  expect((await caller.v2('/sites')).status).toBe(200);
  expect(await met()).toBe(before.pins[0]);
  expect((await caller.control('/rotate', { what: 'tls' })).body).toEqual({ ok: true });
  expect(await met()).toBe(before.pins[1]);
  expect((await caller.v2('/sites')).status).toBe(200);
  const pins = readFileSync(join(caller.directory, 'pins.txt'), 'utf8').trimEnd().split('\n');
  expect(pins).toEqual(caller.identity.certificates().pins);
  expect(pins[0]).toBe(before.pins[1]);
  await caller.control('/rotate', { what: 'tls' });
  expect(await met()).toBe(pins[1]);
});

test('the next signing key was published before, and the one before stays', async () => {
  const before = caller.identity.certificates().signingKeys.keys;
  expect(kidOf((await caller.v2('/sites')).headers['signature-input'])).toBe(before[0]?.kid);
  expect((await caller.control('/rotate', { what: 'signing' })).body).toEqual({ ok: true });
  // Believed by a client that has read the set once, at its beginning.
  const reply = await caller.v2('/sites');
  expect(reply.breach).toBeNull();
  expect(kidOf(reply.headers['signature-input'])).toBe(before[1]?.kid);
  const published = JSON.parse(readFileSync(join(caller.directory, 'signing-keys.json'), 'utf8'));
  expect(published.keys.map(({ kid }: { kid: string }) => kid)).toEqual([
    before[1]?.kid,
    expect.any(String),
    before[0]?.kid,
  ]);
});

test('what is to be changed is named', async () => {
  expect(await caller.control('/rotate', { what: 'doors' })).toMatchObject({ status: 400 });
});
