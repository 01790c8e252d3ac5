import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseConfig, secret } from '@house/kernel/config';
import { createTelemetry } from '@house/kernel/telemetry';
import { expect, test } from '@jest/globals';
import { createPlatform } from './platform.ts';

const NOW = new Date('2026-03-01T12:00:00Z');

test('fifty homes on one screen ask the platform once how it is', async () => {
  const asked: string[] = [];
  const server = createServer((incoming, outgoing) => {
    asked.push(String(incoming.url));
    outgoing.setHeader('content-type', 'application/json');
    outgoing.end(JSON.stringify({ versions: [], sites: { default: 'v2', overrides: [] } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { S } = parseConfig({ S: 'x'.repeat(40) }, { S: secret() });
  const platform = createPlatform({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    client: {
      id: 'house',
      key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
      v1Secret: S,
      v1ApiKey: S,
    },
    memory: { read: async () => undefined, write: async () => undefined },
    clock: () => NOW,
    random: randomBytes,
    telemetry: createTelemetry({ service: 'test', level: 'silent' }),
  });
  const bindings = await Promise.all(Array.from({ length: 50 }, () => platform.binding(17)));
  expect(new Set(bindings.map(({ health }) => health))).toEqual(new Set(['UP']));
  expect(asked.toSorted()).toEqual(['/.well-known/smart-home-platform', '/api/v2/health']);
  await platform.close();
  server.close();
});
