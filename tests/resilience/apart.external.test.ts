/** The same code as five processes on one PostgreSQL, each started by its own `main.ts` as an operator would. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { obtainToken } from '@house/authorization-server/obtain-token';
import type { CertificateFiles } from '@house/scripts/deployed/certificates';
import type { Service } from '@house/scripts/deployed/services';
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

test('five processes that speak HTTPS with a signed principal open a door, once', async () => {
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

/** What a subgraph of ours answers whoever shows this certificate, or how the connection ends. */
const askDirectly = (
  { url }: Service,
  headers: Record<string, string>,
  certificate?: { cert: string; key: string },
): Promise<string> =>
  new Promise((resolve) => {
    const ca = readFileSync(fleet.keys.certificates.ca, 'utf8');
    const servername = url === fleet.owners.url ? 'owners' : 'smart-home';
    const asking = request(url, { method: 'POST', agent: false, servername, headers, ...certificate, ca });
    asking.once('error', ({ code }: NodeJS.ErrnoException) => resolve(`refused: ${code}`));
    asking.once('response', (incoming) => {
      void text(incoming).then((body) => resolve(`${incoming.statusCode} ${body}`));
    });
    asking.end(JSON.stringify({ query: '{ __typename }' }));
  });
const shownBy = ({ cert, key }: CertificateFiles) => ({
  cert: readFileSync(cert, 'utf8'),
  key: readFileSync(key, 'utf8'),
});

test('a subgraph lets nobody send anything who is not one of the services that ask it', async () => {
  const { access_token } = await obtainToken({ issuer: fleet.issuer, user: 'owner-a12' });
  const { inside, public: outside } = fleet.keys.certificates;
  const { platformTls } = fleet;
  const strangers = [undefined, shownBy(outside), platformTls, shownBy(inside.owners)];
  for (const service of [fleet.owners, ...fleet.smartHomes]) {
    await expect(fetch(service.url.replace('https:', 'http:'), { method: 'POST', body: '{}' })).rejects.toThrow();
    const others = service === fleet.owners ? strangers : [...strangers, shownBy(inside['smart-home'])];
    for (const other of others)
      expect(await askDirectly(service, { authorization: `Bearer ${access_token}` }, other)).toMatch(
        /^refused: (?:ECONNRESET|EPIPE|EPROTO|ERR_SSL_.*ALERT.*)$/,
      );
  }
});

test('whoever has the certificate of one of them still needs what only that one signs', async () => {
  const { access_token } = await obtainToken({ issuer: fleet.issuer, user: 'owner-a12' });
  const { inside } = fleet.keys.certificates;
  for (const service of [fleet.owners, ...fleet.smartHomes])
    for (const headers of [{}, { authorization: `Bearer ${access_token}` }, { 'x-principal': access_token }]) {
      const answer = await askDirectly(service, headers, shownBy(inside.gateway));
      expect(answer).toMatch(/^401 /);
      expect(answer).not.toContain('"data"');
    }
});

test('each of them ends with 0 when it is told to, whoever asks before whoever is asked', async () => {
  const codes: (number | null)[] = [];
  for (const program of fleet.programs.toReversed()) codes.push(await program.end());
  expect(codes).toEqual([0, 0, 0, 0, 0]);
});
