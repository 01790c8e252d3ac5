/** A house that serves the documents of the app and nothing else, as production does. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openHouse, type TestHouse } from '../../support/house.ts';

const OPERATIONS = join(import.meta.dirname, '../../../schema/operations');
const read = (name: string): string => readFileSync(join(OPERATIONS, name), 'utf8');
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

let house: TestHouse;
let authorization: string;
beforeAll(async () => {
  house = await openHouse({ TRUSTED_DOCUMENTS: 'required' });
  authorization = `Bearer ${await house.token('owner-a12')}`;
});
afterAll(() => house.stop());

const post = (body: unknown) => house.post(body, { authorization });

test.each(readdirSync(OPERATIONS))('%s is served by its name alone', async (name) => {
  const { errors = [] } = await post({
    extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(read(name)) } },
  });
  // Some miss their variables: they were read, and not refused for what they are.
  expect(errors.map(({ extensions }) => extensions.code)).not.toContain('DOCUMENT_NOT_TRUSTED');
});

test('the home screen is shown by its name as by its text', async () => {
  const text = read('home-screen.graphql');
  const named = await post({ extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(text) } } });
  const whole = await post({ query: text });
  for (const { status, data } of [named, whole]) {
    expect(status).toBe(200);
    expect(JSON.stringify(data)).toContain('Кв. 12');
  }
});

test('what else a token of a resident may ask for is not served', async () => {
  for (const query of ['{ me { id } }', '{ __schema { types { name } } }', '{{{']) {
    const { status, errors } = await post({ query });
    expect({ status, code: errors?.[0]?.extensions.code }).toEqual({ status: 400, code: 'DOCUMENT_NOT_TRUSTED' });
  }
});

test('the explorer opens, and its first query runs', async () => {
  const page = await (await fetch(house.url, { headers: { accept: 'text/html' } })).text();
  const config = /id="config">(.*?)<\/script>/s.exec(page)?.[1] ?? '{}';
  const { firstQuery, token } = JSON.parse(config) as { firstQuery: string; token: string };
  expect((await house.post({ query: firstQuery }, { authorization: `Bearer ${token}` })).status).toBe(200);
});
