import { randomBytes } from 'node:crypto';
import { pepperOf } from '@house/gateway/authenticate/api-key-peppers';
import { createApiKeys } from '@house/gateway/authenticate/api-keys';
import { migrateGateway } from '@house/gateway/gateway';
import { type Database, openDatabase } from '@house/kernel/database';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createApiKeyCommands, readApiKeyCommand, UsageError } from './api-keys.ts';
import { OperatorRefusal, type ServeOperator } from './socket.ts';
import { table } from './table.ts';

const ISSUE = ['issue', '--client', 'lifts', '--complex', 'cx_a', '--scopes', 'premises:read', '--networks', '::1'];

let database: Database;
let serve: ServeOperator;
const lines: string[] = [];
beforeAll(async () => {
  database = await openDatabase({ directory: 'memory' });
  await migrateGateway(database);
  const pepper = pepperOf(randomBytes(32));
  const { log } = createTelemetry({
    service: 'test',
    level: 'info',
    destination: { write: (line) => lines.push(line) },
  });
  serve = createApiKeyCommands(
    createApiKeys({
      apiKeys: { peppers: () => [pepper], environment: 'dev' },
      database,
      clock: () => new Date('2026-03-01T12:00:00Z'),
      random: randomBytes,
      log,
    }),
  );
});
afterAll(() => database.close());

type Shown = { id: string; key?: string; state: string };
const ask = (...words: string[]) => serve({ command: 'api-key', arguments: words, actor: 'olga' });

test('what an operator does is carried out, and logged with the key and the client and without the secret', async () => {
  const issued = (await ask(...ISSUE, '--days', '30')) as Shown;
  const rotated = (await ask('rotate', issued.id, '--overlap-hours', '1')) as Shown;
  await ask('revoke', rotated.id);
  const listed = (await ask('list', '--client', 'lifts')) as Shown[];
  expect(Object.fromEntries(listed.map(({ id, state }) => [id, state]))).toEqual({
    [issued.id]: 'active',
    [rotated.id]: 'revoked',
  });
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ msg, keyId, client }) => [msg, keyId, client])).toEqual([
    ['api-key-issued', issued.id, 'lifts'],
    ['api-key-rotated', issued.id, 'lifts'],
    ['api-key-issued', rotated.id, 'lifts'],
    ['api-key-revoked', rotated.id, 'lifts'],
  ]);
  for (const { key = '' } of [issued, rotated]) expect(lines.join('')).not.toContain(key.split('_')[3]);
  expect(JSON.stringify(await ask('list'))).not.toMatch(/tsh_|secretHash/);
});

test('what cannot be done is said in words', async () => {
  await expect(ask('revoke', '0000000000000')).rejects.toThrow(OperatorRefusal);
  await expect(ask('revoke', '0000000000000')).rejects.not.toThrow(UsageError);
});

test('everything that is missing is named at once', () => {
  expect(() => readApiKeyCommand(['issue'])).toThrow(
    /--client: needed\n--complex: needed\n--scopes: needed\n--networks: needed; anywhere is 0\.0\.0\.0\/0,::\/0\n--days: a whole number/,
  );
});

test.each<[string, string[]]>([
  ['nothing', []],
  ['an unknown word', ['delete', '0000000000000']],
  ['a word of every object', ['constructor']],
  ['no id to rotate', ['rotate']],
  ['no id to revoke', ['revoke']],
  ['two ids', ['revoke', '0000000000000', '0000000000001']],
  ['something else than an id', ['revoke', 'lifts']],
  ['an id where none belongs', ['list', '0000000000000']],
  ['an unknown option', ['list', '--all']],
  ['an option of another command', ['revoke', '0000000000000', '--days', '1']],
  ['an option without its value', ['list', '--client']],
  ['too long an overlap', ['rotate', '0000000000000', '--overlap-hours', '169']],
  ['too long a life', [...ISSUE, '--days', '91']],
  ['a foreign scope', ['issue', '--scopes', 'access:open']],
])('%s is not understood', (_which, words) => {
  expect(() => readApiKeyCommand(words)).toThrow(UsageError);
});

test('an overlap is a day unless told, and a rotated key lives as long as the old one was given', () => {
  expect(readApiKeyCommand(['rotate', '0000000000000'])).toEqual({
    verb: 'rotate',
    id: '0000000000000',
    overlapHours: 24,
    days: undefined,
  });
});

test('a table has a line for each row, and says so when there is none', () => {
  expect(table(['id', 'used'], [{ id: 'a' }, { id: 'bcd', used: 'now' }])).toBe('id   used\na    -\nbcd  now');
  expect(table(['id'], [])).toBe('none');
});
