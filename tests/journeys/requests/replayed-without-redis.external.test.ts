/** A captured request is of no use either when Redis has forgotten everything, or is gone, or the gateway has started anew. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { boundAppOf, entranceOf, operationOf, tapOf } from '../../support/bound-app.ts';
import { newKey, openHouse, type TestHouse } from '../../support/house.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

const toRedis = async (command: string): Promise<string> => {
  const { hostname, port } = new URL(house.services['REDIS_URL'] ?? '');
  const socket = connect(Number(port), hostname);
  socket.end(`${command}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
};

/** The status of a request that asks for a house by a name of our choice. */
const sendAs = async (host: string, url: string, headers: Record<string, string>, body: string): Promise<number> => {
  const asked = request(url, { method: 'POST', headers: { ...headers, host } });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode ?? 0;
};

test('a captured request is refused after Redis was wiped, and by a second house on the same database', async () => {
  const app = await boundAppOf(house, 'owner-a12');
  const door = await entranceOf(app);
  await house.platform.reset();
  // Without a nonce, of which two houses know only their own.
  const fresh = () => app.proof({ nonce: undefined });
  const proof = fresh();
  expect(operationOf(await app.send(tapOf(door, newKey()), proof))).toMatch(/^op_/);

  expect(await toRedis('FLUSHALL')).toBe('+OK\r\n');
  expect((await app.send(tapOf(door, newKey()), proof)).status).toBe(401);

  const { REDIS_URL: _none, ...services } = house.services;
  const other = await openHouse({ ...services, AUTH_ISSUER: house.issuer });
  try {
    const body = JSON.stringify(tapOf(door, newKey()));
    const headers = { authorization: `DPoP ${app.accessToken}`, 'content-type': 'application/json' };
    // It stands behind the same name, as another gateway of ours would.
    const sent = await sendAs(new URL(house.url).host, other.url, { ...headers, dpop: proof }, body);
    expect(sent).toBe(401);
    expect(await sendAs(new URL(house.url).host, other.url, { ...headers, dpop: fresh() }, body)).toBe(200);
  } finally {
    await other.stop();
  }
});
