import { openDatabase } from '@house/kernel/database';
import { ROLES } from '@house/schema/roles.ts';
import { expect, test } from '@jest/globals';
import { apiKeyTerms } from './api-keys.ts';
import { apiKeysConform } from './api-keys-conforms.ts';

apiKeysConform('PGlite', () => openDatabase({ directory: 'memory' }));

const asked = {
  client: 'lifts',
  complex: 'cx_a',
  scopes: 'premises:read access:read',
  networks: '10.0.0.0/8,192.0.2.7',
  days: '30',
};
const refusals = (changes: Record<string, unknown>): string[] => {
  const parsed = apiKeyTerms.safeParse({ ...asked, ...changes });
  return parsed.success ? [] : [...new Set(parsed.error.issues.map(({ path }) => path.join('.')))];
};

test('what is asked for is read as lists and numbers', () => {
  expect(apiKeyTerms.parse(asked)).toEqual({
    client: 'lifts',
    complex: 'cx_a',
    scopes: ['premises:read', 'access:read'],
    networks: ['10.0.0.0/8', '192.0.2.7'],
    days: 30,
  });
});

test('no key is issued with a scope that machine clients do not hold, alone or among others', () => {
  const foreign = [...new Set(Object.values(ROLES).flat())].filter((scope) => !ROLES.service.includes(scope as never));
  expect(foreign.length).toBeGreaterThan(10);
  for (const scope of [...foreign, 'constructor', 'service', ''])
    expect([scope, refusals({ scopes: scope })]).toEqual([scope, ['scopes']]);
  expect(refusals({ scopes: 'premises:read access:open' })).toEqual(['scopes']);
});

test('machine clients hold no scope by which anything is changed', () => {
  expect(ROLES.service.filter((scope) => !scope.endsWith(':read'))).toEqual([]);
});

test.each<[string, unknown]>([
  ['days', '91'],
  ['days', '0'],
  ['days', '1.5'],
  ['days', 'ninety'],
  ['days', undefined],
  ['networks', undefined],
  ['networks', ''],
  ['networks', 'anywhere'],
  ['networks', '10.0.0.0/8,example.com'],
  ['networks', Array.from({ length: 21 }, (_, n) => `10.0.0.${n}`).join()],
  ['client', 'Lifts'],
  ['client', '-lifts'],
  ['client', 'l'],
  ['client', 'client:lifts'],
  ['complex', 'cx_a cx_b'],
  ['complex', ''],
  ['certificate', 'abc'],
])('%s: %j is refused', (name, value) => {
  expect(refusals({ [name]: value })).toEqual([name]);
});

test('a certificate is named as OpenSSL prints it, or as tokens do', () => {
  const hexadecimal = 'AB'.repeat(32);
  const expected = Buffer.from(hexadecimal, 'hex').toString('base64url');
  for (const text of [hexadecimal, hexadecimal.match(/../g)?.join(':'), expected])
    expect(apiKeyTerms.parse({ ...asked, certificate: text }).certificate).toBe(expected);
});
