import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { later } from '@house/kernel/clock';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterEach, expect, test } from '@jest/globals';
import { httpbis } from 'http-message-signatures';
import jwt from 'jsonwebtoken';
import { createPlatformClient } from '../client.ts';
import { createGuard } from '../guard.ts';
import { createAuthority, pinOfKey } from '../test/certificates.ts';
import { createSigningPair } from '../test/played-platform.ts';
import { createFolder, keySetOf, pemOf, shownBy, startTlsPlatform } from '../test/tls-platform.ts';
import { createV2Session } from '../v2/session.ts';
import { thumbprintOf, watchTrust } from './trust.ts';

const REQUESTS = 1_500;
const AT_ONCE = 16;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const createKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** A platform that binds tokens to certificates and proves requests by the keys that it knows of the client. */
const createListener = (known: Map<string, KeyObject>) => {
  const tokens = new Map<string, string>();
  const counts = { misbound: 0, unproven: 0, expired: 0 };
  const isProven = async (incoming: IncomingMessage): Promise<boolean> => {
    const url = `https://${incoming.headers.host}${incoming.url}`;
    const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
    const config: Parameters<typeof httpbis.verifyMessage>[0] = {
      notAfter: Number.MAX_SAFE_INTEGER / 1_000,
      requiredFields: ['@method', '@authority', '@path', '@query', 'content-digest'],
      // A client's name stands for all of its keys.
      keyLookup: async () => ({
        verify: async (data, sent) =>
          [...known.values()].some((key) => verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, sent)),
      }),
    };
    return (await httpbis.verifyMessage(config, { method: String(incoming.method), url, headers })) === true;
  };
  const answer = async (incoming: IncomingMessage, body: string): Promise<[number, object]> => {
    if (!(await isProven(incoming))) {
      counts.unproven += 1;
      return [401, { type: 'https://errors.smart-home.example/signature-invalid' }];
    }
    const shown = shownBy(incoming.socket as TLSSocket);
    if (incoming.url?.endsWith('/oauth/token')) {
      const assertion = String(new URLSearchParams(body).get('client_assertion'));
      const key = known.get(String(jwt.decode(assertion, { complete: true })?.header.kid));
      jwt.verify(assertion, key ?? '', { algorithms: ['ES256'], ignoreExpiration: true });
      const token = randomBytes(16).toString('base64url');
      tokens.set(token, shown);
      return [200, { access_token: token, expires_in: 300, token_type: 'Bearer' }];
    }
    const bound = tokens.get(String(incoming.headers.authorization).replace('Bearer ', ''));
    if (bound === shown) return [200, {}];
    counts[bound ? 'misbound' : 'expired'] += 1;
    return [401, { type: 'https://errors.smart-home.example/unauthorized' }];
  };
  const listener: RequestListener = (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      answer(incoming, Buffer.concat(chunks).toString()).then(
        ([status, body]) => {
          outgoing.writeHead(status, { 'content-type': 'application/json' });
          outgoing.end(JSON.stringify(body));
        },
        () => outgoing.destroy(),
      );
    });
  };
  return { listener, counts, tokens };
};

test('certificates, pins, signing keys and the client key are replaced under load, and not one request fails', async () => {
  let now = new Date('2026-03-01T12:00:00Z');
  const authority = await createAuthority('The platform');
  let [server, nextServer] = [await authority.server(), await authority.server()];
  const client = await authority.client();
  let [signer, nextSigner] = [createSigningPair('platform-1'), createSigningPair('platform-2')];
  let clientKey = createKey();
  const known = new Map<string, KeyObject>();
  const register = (key: KeyObject): void =>
    void known.set(thumbprintOf(key), createPublicKey({ key: pemOf(key), format: 'pem' }));
  register(clientKey);

  const { listener, counts, tokens } = createListener(known);
  const platform = await startTlsPlatform({
    leaf: server,
    ca: authority.pem,
    pair: () => signer,
    now: () => now,
    listener,
  });
  const folder = createFolder({
    ca: authority.pem,
    pins: `${pinOfKey(server.key)}\n${pinOfKey(nextServer.key)}\n`,
    clientCertificate: client.cert,
    clientTlsKey: client.key,
    clientKey: pemOf(clientKey),
    signingKeys: keySetOf(signer, nextSigner),
  });
  const clock = () => now;
  const lines: string[] = [];
  const telemetry = createTelemetry({
    service: 'test',
    level: 'info',
    destination: { write: (line) => lines.push(line) },
  });
  const trust = watchTrust({ files: folder.files, clock, log: telemetry.log });
  const platformClient = createPlatformClient({
    url: platform.url,
    clientId: 'house',
    trust,
    guard: createGuard({ clock }),
    witness: () => undefined,
    clock,
    random: randomBytes,
    telemetry,
  });
  closing.push(platform.close, folder.remove, () => platformClient.close());
  const session = createV2Session({
    client: platformClient,
    identity: { id: 'house' },
    clientKey: trust.clientKey,
    clock,
    random: randomBytes,
  });

  /** Each as an operator does it: what comes next is made known before it is used. */
  const rotations: (() => Promise<void>)[] = [
    async () => {
      const renewed = await authority.client();
      folder.replace('clientCertificate', renewed.cert);
      folder.replace('clientTlsKey', renewed.key);
    },
    async () => {
      const former = server;
      server = nextServer;
      nextServer = await authority.server();
      // Handshakes that began before are still under way.
      folder.replace('pins', [former, server, nextServer].map(({ key }) => pinOfKey(key)).join('\n'));
      platform.show(server);
    },
    async () => {
      const former = signer;
      signer = nextSigner;
      nextSigner = createSigningPair(`platform-${randomBytes(4).toString('hex')}`);
      // Answers that were signed before are still on their way.
      folder.write('signingKeys', keySetOf(signer, nextSigner, former));
    },
    async () => {
      clientKey = createKey();
      register(clientKey);
      folder.write('clientKey', pemOf(clientKey));
    },
    async () => folder.replace('ca', `${authority.pem}\n`),
  ];

  let sent = 0;
  let failed = 0;
  let rotated = 0;
  const rotateAfter = Math.floor(REQUESTS / 15);
  const work = async (): Promise<void> => {
    while (sent < REQUESTS) {
      sent += 1;
      if (sent % rotateAfter === 0) {
        rotated += 1;
        await rotations[rotated % rotations.length]?.();
        now = later(now, 1_000);
      }
      const request = { method: 'GET', route: '/sites/{id}', path: `/sites/${sent}`, siteId: 17 } as const;
      await session.call({ ...request, signal: AbortSignal.timeout(20_000) }).catch((error: unknown) => {
        failed += 1;
        lines.push(String(error));
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));

  expect({ failed, lines: failed ? lines.slice(-5) : [] }).toEqual({ failed: 0, lines: [] });
  expect(sent).toBeGreaterThanOrEqual(1_000);
  expect(rotated).toBeGreaterThanOrEqual(15);
  // No token was ever shown over another certificate than its own; each new certificate brought one.
  expect(counts).toEqual({ misbound: 0, unproven: 0, expired: 0 });
  expect(tokens.size).toBeGreaterThanOrEqual(4);
});
