import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '@house/kernel/test/authority';
import { afterAll, expect, test } from '@jest/globals';
import { readConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'owners-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pem = join(folder, 'public.pem');
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
writeFileSync(pem, publicKey.export({ type: 'spki', format: 'pem' }));
const notPem = join(folder, 'other.txt');
writeFileSync(notPem, 'hello');

const ours = createAuthority('Ours', new Date());
const write = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const { cert, key } = ours.issue('owners');

const good = {
  DATABASE_URL: 'postgres://owners@database.example/house?sslmode=verify-full',
  INSIDE_CA: write('inside-ca.pem', ours.pem),
  INSIDE_CERT: write('inside.pem', cert),
  INSIDE_KEY: write('inside-key.pem', key),
  GATEWAY_PUBLIC_KEY: pem,
  SMART_HOME_PUBLIC_KEY: pem,
  VAULT_KEY: randomBytes(32).toString('base64'),
};

test('a process is told where its database and keys are; the rest has defaults, and nothing is seeded', () => {
  const config = readConfig(good);
  expect(config).toMatchObject({ NODE_ENV: 'production', HOST: '127.0.0.1', PORT: 4010, HEALTH_PORT: 4011 });
  expect(config.GATEWAY_PUBLIC_KEY).toBe(pem);
  expect(config.VAULT_KEY).toHaveLength(32);
});

test('every problem is named, and no secret with it', () => {
  const read = () => readConfig({ ...good, DATABASE_URL: '', SMART_HOME_PUBLIC_KEY: notPem, VAULT_KEY: 'c2hvcnQ=' });
  expect(read).toThrow(/DATABASE_URL: [^]*SMART_HOME_PUBLIC_KEY: a file with public keys[^]*VAULT_KEY: 32 bytes/);
  expect(read).not.toThrow(/c2hvcnQ/);
});

test('production speaks TLS with our services; development may leave it out, but not in part', () => {
  const without = { ...good, INSIDE_CA: '', INSIDE_CERT: '', INSIDE_KEY: '' };
  expect(() => readConfig(without)).toThrow(/INSIDE_CA: needed[^]*INSIDE_CERT: needed[^]*INSIDE_KEY: needed/);
  const development = { ...without, NODE_ENV: 'development' };
  expect(readConfig(development).INSIDE_CERT).toBeUndefined();
  expect(() => readConfig({ ...development, INSIDE_CA: good.INSIDE_CA })).toThrow(
    /INSIDE_CERT: needed[^]*INSIDE_KEY: needed/,
  );
  expect(() => readConfig({ ...good, INSIDE_KEY: write('other.pem', ours.issue('owners').key) })).toThrow(
    'INSIDE_CERT: a certificate in PEM for the key of INSIDE_KEY',
  );
  expect(() => readConfig({ ...good, INSIDE_CA: notPem })).toThrow('INSIDE_CA: a file with a certificate in PEM');
});
