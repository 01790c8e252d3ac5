import { connect as connectPlain } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { at, type Caller, startCaller } from '../test/caller.ts';

let caller: Caller;
beforeAll(async () => {
  caller = await startCaller();
});
afterAll(() => caller.close());

const handshake = (options: ConnectionOptions): Promise<string | null> =>
  new Promise((resolve, reject) => {
    const port = Number(new URL(caller.platformUrl).port);
    const socket = connect({ host: '127.0.0.1', port, ca: caller.certificates.caPem, ...options }, () => {
      resolve(socket.getProtocol());
      socket.destroy();
    });
    socket.once('error', reject);
  });

test('TLS 1.3 and 1.2 are spoken', async () => {
  expect(await handshake({})).toBe('TLSv1.3');
  expect(await handshake({ maxVersion: 'TLSv1.2' })).toBe('TLSv1.2');
});

test('TLS 1.1 is refused by the server, also to a client that would accept anything', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await expect(handshake(old)).rejects.toThrow(/alert protocol version/);
});

test('plain HTTP on the platform’s port gets no answer', async () => {
  const port = Number(new URL(caller.platformUrl).port);
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connectPlain({ host: '127.0.0.1', port }, () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(text));
  });
  expect(answer).toBe('');
});

test('a request tells with which TLS and which certificate it came', async () => {
  await caller.control('/reset', {});
  await caller.v2('/sites?limit=1');
  expect(at((await caller.control('/requests?limit=1')).body, 'requests', 0)).toMatchObject({
    method: 'GET',
    path: '/api/v2/sites?limit=1',
    headers: { authorization: expect.stringMatching(/^Bearer /) },
    body: null,
    apiVersion: 'v2',
    tlsVersion: 'TLSv1.3',
    clientCertificate: expect.stringMatching(/^[\w-]{43}$/),
    signatureValid: true,
    signatureProblem: null,
  });
});

test('a body larger than anybody takes is refused and read to its end', async () => {
  const call = { method: 'POST', headers: { 'content-type': 'application/json' }, body: 'x'.repeat(1024 * 1024 + 1) };
  expect(await caller.v2('/access-points/ap_Hn4xW1/open', call)).toMatchObject({
    status: 413,
    body: { code: 'payload-too-large' },
  });
});
