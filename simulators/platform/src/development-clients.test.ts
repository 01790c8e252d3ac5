import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ensureDevelopmentClients } from './development-clients.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'clients-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a second start uses the same credentials, and nobody else can read them', () => {
  const first = ensureDevelopmentClients({ directory });
  expect(ensureDevelopmentClients({ directory })).toEqual(first);
  expect(statSync(join(directory, 'clients.json')).mode & 0o777).toBe(0o600);
  expect(first.v2.publicJwk).not.toHaveProperty('d');
});

test('credentials that others can read are refused by name', () => {
  ensureDevelopmentClients({ directory });
  chmodSync(join(directory, 'clients.json'), 0o640);
  expect(() => ensureDevelopmentClients({ directory })).toThrow(/clients\.json can be read by others/);
});
