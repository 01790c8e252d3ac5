import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { readConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'owners-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pem = join(folder, 'public.pem');
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
writeFileSync(pem, publicKey.export({ type: 'spki', format: 'pem' }));
const notPem = join(folder, 'other.txt');
writeFileSync(notPem, 'hello');

const good = {
  DATABASE_URL: 'postgres://owners@127.0.0.1:5432/house',
  GATEWAY_PUBLIC_KEY: pem,
  SMART_HOME_PUBLIC_KEY: pem,
  VAULT_KEY: randomBytes(32).toString('base64'),
};

test('a process is told where its database and keys are; the rest has defaults, and nothing is seeded', () => {
  const config = readConfig(good);
  expect(config).toMatchObject({ NODE_ENV: 'production', HOST: '127.0.0.1', PORT: 4010, HEALTH_PORT: 4011 });
  expect(config.GATEWAY_PUBLIC_KEY.equals(publicKey)).toBe(true);
  expect(config.VAULT_KEY).toHaveLength(32);
});

test('every problem is named, and no secret with it', () => {
  const read = () => readConfig({ ...good, DATABASE_URL: '', SMART_HOME_PUBLIC_KEY: notPem, VAULT_KEY: 'c2hvcnQ=' });
  expect(read).toThrow(/DATABASE_URL: [^]*SMART_HOME_PUBLIC_KEY: a file with a public key[^]*VAULT_KEY: 32 bytes/);
  expect(read).not.toThrow(/c2hvcnQ/);
});
