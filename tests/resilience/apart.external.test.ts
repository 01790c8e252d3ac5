/** The same code as five processes on one PostgreSQL, each started by its own `main.ts` as an operator would. */
import { obtainToken } from '@house/authorization-server/obtain-token';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { documentText } from '../support/documents.ts';
import { eventually } from '../support/house.ts';
import { type Fleet, startFleet } from './fleet.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ smartHome: { count: 1 } });
}, 60_000);
afterAll(() => fleet.stop());

type Screen = { myPremises: { id: string; accessPoints: { id: string; kind: string }[] }[] };

test('five processes that speak HTTP with a signed principal open a door, once', async () => {
  const { access_token } = await obtainToken({ issuer: fleet.issuer, user: 'owner-a12' });
  const ask = async <T>(document: string, variables: object = {}): Promise<T> => {
    const response = await fetch(fleet.gatewayUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${access_token}` },
      body: JSON.stringify({ query: documentText(document), variables }),
    });
    const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
    expect(errors).toBeUndefined();
    return data;
  };
  const [home] = (await ask<Screen>('home-screen')).myPremises;
  const input = {
    premisesId: home?.id,
    accessPointId: home?.accessPoints[0]?.id,
    idempotencyKey: 'one-tap-of-a-person',
  };
  const { openAccessPoint } = await ask<{ openAccessPoint: { operation: { id: string } } }>('open-access-point', {
    input,
  });
  const { operation } = await eventually(
    () => ask<{ operation: { state: string } }>('operation-status', { id: openAccessPoint.operation.id }),
    ({ operation: { state } }) => state === 'SUCCEEDED',
  );
  expect(operation).toMatchObject({ state: 'SUCCEEDED', platformVersion: 'v2' });
  expect(await fleet.control.counts()).toEqual({ 'open:ap_Hn4xW1': 1 });
  expect(await fleet.control.violations()).toEqual([]);
});

test('a subgraph answers nobody who does not come through the gateway, with a token or without', async () => {
  const { access_token } = await obtainToken({ issuer: fleet.issuer, user: 'owner-a12' });
  for (const { url } of [fleet.owners, ...fleet.smartHomes])
    for (const headers of [{}, { authorization: `Bearer ${access_token}` }, { 'x-principal': access_token }]) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: '{ __typename }' }),
      });
      expect(response.status).toBe(401);
      expect(await response.json()).not.toHaveProperty('data');
    }
});

test('each of them ends with 0 when it is told to, whoever asks before whoever is asked', async () => {
  const codes: (number | null)[] = [];
  for (const program of fleet.programs.toReversed()) codes.push(await program.end());
  expect(codes).toEqual([0, 0, 0, 0, 0]);
});
