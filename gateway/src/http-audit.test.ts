import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { type House, startHouse } from './test/house.ts';

/**
 * What the public audit of GraphQL over HTTP finds, by its own ids. All of it is @apollo/server's way:
 * it blocks a GET that a foreign page could send without asking, and it answers faults with 400 in every media type.
 */
const KNOWN = {
  '5A70': 'MAY accept application/x-www-form-urlencoded formatted GET requests',
  D6D5: 'MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/graphql-response+json',
  '6A70': 'MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/json',
  '572B': 'SHOULD use 200 status code on document parsing failure when accepting application/json',
  FDE2: 'SHOULD use 200 status code on document validation failure when accepting application/json',
  '7B9B': 'SHOULD use a status code of 200 on variable coercion failure when accepting application/json',
};

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());

test('the 61 public checks of GraphQL over HTTP find no MUST broken and nothing that is not known', async () => {
  const authorization = `Bearer ${house.issuer.token()}`;
  const fetchFn = (url: string, { headers, ...init }: RequestInit = {}) =>
    fetch(url, { ...init, headers: { ...Object.fromEntries(new Headers(headers)), authorization } });
  const audits = serverAudits({ url: house.url, fetchFn });
  const results = await Promise.all(audits.map((audit) => audit.fn()));
  const found = results.filter(({ status }) => status !== 'ok');
  expect(audits).toHaveLength(61);
  expect(found.filter(({ status }) => status === 'error')).toEqual([]);
  expect(Object.fromEntries(found.map(({ id, name }) => [id, name]))).toEqual(KNOWN);
});
