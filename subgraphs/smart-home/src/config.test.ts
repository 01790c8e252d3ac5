import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readConfig } from './config.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'config-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const problemsOf = (variables: Record<string, string>): string => {
  try {
    readConfig(variables);
    return '';
  } catch (error) {
    return String(error);
  }
};

test('everything by which we and the platform know each other is demanded, and all that is wrong is named at once', () => {
  const bad = join(directory, 'bad');
  writeFileSync(bad, 'neither a key nor a certificate');
  const names = [
    'PLATFORM_PINS',
    'PLATFORM_SIGNING_KEYS',
    'PLATFORM_CLIENT_CERT',
    'PLATFORM_CLIENT_TLS_KEY',
    'PLATFORM_CLIENT_KEY',
  ];
  const missing = problemsOf({ PLATFORM_URL: 'http://platform.test' });
  for (const name of names) expect(missing).toContain(`${name}: the path of a readable file`);
  expect(missing).toContain('PLATFORM_URL: an https URL');
  const unusable = problemsOf(Object.fromEntries([...names, 'PLATFORM_CA'].map((name) => [name, bad])));
  for (const name of [...names, 'PLATFORM_CA']) expect(unusable).toMatch(new RegExp(`${name}: a file with`));
  expect(unusable).not.toContain('neither a key');
});

test('production listens for events by its own TLS at an https address, or not at all', () => {
  const of = (variables: Record<string, string>) =>
    problemsOf(variables)
      .split('\n')
      .filter((line) => line.includes('EVENTS_'));
  expect(of({ NODE_ENV: 'production' })).toEqual([]);
  expect(of({ NODE_ENV: 'development', EVENTS_URL: 'http://127.0.0.1:4005/webhooks/platform' })).toEqual([]);
  expect(of({ EVENTS_URL: 'https://house.example/hook' }).join()).toContain('ends in /webhooks/platform');
  const plain = of({ EVENTS_URL: 'http://house.example/webhooks/platform' }).join();
  for (const problem of ['EVENTS_URL: https in production', 'EVENTS_TLS_CERT', 'EVENTS_TLS_KEY'])
    expect(plain).toContain(problem);
  const cert = join(directory, 'cert.pem');
  writeFileSync(cert, 'x');
  expect(of({ NODE_ENV: 'development', EVENTS_TLS_CERT: cert }).join()).toContain('EVENTS_TLS_KEY: needed');
});
