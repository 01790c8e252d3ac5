import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { Subgraph } from '@house/kernel/subgraph';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createSubgraphs, type House, startHouse, toAnswer } from '../test/house.ts';

let house: House;
afterEach(() => house.close());

const until = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isTrue())) await new Promise((resolve) => setImmediate(resolve));
};
const administration = async (path: string) => {
  const response = await fetch(house.adminUrl + path);
  return { status: response.status, text: await response.text() };
};
const ready = async () => JSON.parse((await administration('/readyz')).text) as { ready: boolean; reasons: string[] };

describe('the administration', () => {
  test('says that it is alive, and ready when tokens can be verified', async () => {
    house = await startHouse();
    expect((await administration('/livez')).status).toBe(200);
    await until(async () => (await ready()).ready);
    expect((await administration('/readyz')).status).toBe(200);
    expect((await administration('/graphql')).status).toBe(404);
  });

  test('is not ready while the issuer is away, and says why; a request is told to come back', async () => {
    house = await startHouse({ auth: { issuer: 'http://127.0.0.1:1', audience: 'x' } });
    expect(await administration('/readyz')).toEqual({ status: 503, text: '{"ready":false,"reasons":["keys"]}\n' });
    expect(await house.ask('{ me { id } }')).toMatchObject({ status: 503, codes: ['SERVICE_UNAVAILABLE'] });
  });

  test('counts requests by method, route and status, and names nobody', async () => {
    house = await startHouse();
    await house.ask('{ me { id } }');
    await house.ask('{ me { id } }', { claims: { aud: 'x' } });
    await fetch(new URL('/owner-a12', house.url));
    const series = (method: string, route: string, status: number) =>
      `http_server_request_duration_seconds_count{http_request_method="${method}",http_route="${route}",http_response_status_code="${status}"} 1`;
    const expected = [series('POST', '/graphql', 200), series('POST', '/graphql', 401), series('GET', 'other', 404)];
    await until(async () => {
      const { text } = await administration('/metrics');
      expect(text).not.toContain('owner-a12');
      return expected.every((line) => text.includes(line));
    });
  });
});

/** A subgraph that answers when it is let, and counts who waits. */
const createSlow = () => {
  const { subgraphs } = createSubgraphs();
  const gate = Promise.withResolvers<void>();
  let waiting = 0;
  const owners: Subgraph = {
    name: 'owners',
    execute: async (inner) => {
      waiting += 1;
      await gate.promise;
      return subgraphs.owners.execute(inner);
    },
  };
  return { subgraphs: { ...subgraphs, owners }, waiting: () => waiting, answer: gate.resolve };
};

describe('a gateway that closes', () => {
  test('answers what is under way, is not ready first, and takes no new connection', async () => {
    const slow = createSlow();
    house = await startHouse({ subgraphs: slow.subgraphs });
    const underWay = Array.from({ length: 40 }, () => house.ask('{ me { id } }'));
    await until(() => slow.waiting() === 40);
    const closed = house.gateway.close();
    expect(await ready()).toEqual({ ready: false, reasons: ['draining'] });
    await until(() =>
      fetch(house.url).then(
        () => false,
        () => true,
      ),
    );
    slow.answer();
    const answers = await Promise.all(underWay);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 40 }, () => 200));
    await closed;
    await expect(administration('/livez')).rejects.toThrow();
  });

  test('does not wait for connections that a client keeps alive', async () => {
    house = await startHouse();
    const agent = new Agent({ keepAlive: true });
    const kept = request(house.url, { agent });
    kept.end();
    const [incoming] = (await once(kept, 'response')) as [NodeJS.ReadableStream];
    incoming.resume();
    await once(incoming, 'end');
    await house.gateway.close();
    agent.destroy();
  });

  test('closes once, however often it is told to', async () => {
    house = await startHouse();
    await Promise.all([house.gateway.close(), house.gateway.close()]);
  });
});

describe('the explorer', () => {
  const explorer = {
    mode: 'graphiql' as const,
    users: ['owner-a12', 'owner-b7'],
    token: async (user?: string) => `token-of-${user}`,
  };
  const open = (path: string, accept = 'text/html') => fetch(new URL(path, house.url), { headers: { accept } });

  test('opens in a browser with a token, and its files come with it', async () => {
    house = await startHouse({ explorer });
    const response = await open('/graphql?user=owner-b7');
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'/);
    const page = await response.text();
    expect(page).toContain('token-of-owner-b7');
    expect(page).toContain('query HomeScreen');
    expect((await open('/explorer/start.js', '*/*')).status).toBe(200);
    expect((await open('/explorer/nothing.js', '*/*')).status).toBe(404);
  });

  test('opens as GraphiQL alone when asked to', async () => {
    house = await startHouse({ explorer: { ...explorer, mode: 'auto' } });
    const response = await open('/graphql?explorer=graphiql');
    expect(response.headers.get('content-security-policy')).not.toContain('apollographql.com');
    expect(await response.text()).toContain('"mode":"graphiql"');
    expect(await (await open('/graphql?explorer=x')).text()).toContain('"mode":"auto"');
  });

  test('is not opened under another name: a foreign page that makes its own name lead here gets no token', async () => {
    house = await startHouse({ explorer });
    const { port } = new URL(house.url);
    const under = async (host: string): Promise<string> => {
      const asking = request({
        host: '127.0.0.1',
        port,
        path: '/graphql',
        headers: { host, accept: 'text/html' },
      }).end();
      const [incoming] = (await once(asking, 'response')) as [NodeJS.ReadableStream];
      let text = '';
      for await (const chunk of incoming) text += String(chunk);
      return text;
    };
    for (const host of [`evil.example:${port}`, `127.0.0.1.evil.example:${port}`, 'localhost.evil.example', 'x'])
      expect(await under(host)).not.toContain('token-of');
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, 'LOCALHOST'])
      expect(await under(host)).toContain('token-of');
  });

  test('leaves every other request alone', async () => {
    house = await startHouse({ explorer });
    expect((await toAnswer(await open('/graphql', 'application/json'))).status).toBe(401);
    expect((await toAnswer(await open('/graphql?query={me{id}}'))).status).toBe(401);
  });

  test('says so when it cannot get a token', async () => {
    house = await startHouse({ explorer: { ...explorer, token: () => Promise.reject(new Error('down')) } });
    expect(await toAnswer(await open('/graphql'))).toMatchObject({ status: 503, codes: ['SERVICE_UNAVAILABLE'] });
  });

  test('is not there when it is off', async () => {
    house = await startHouse();
    expect((await toAnswer(await open('/graphql'))).status).toBe(401);
    expect((await toAnswer(await open('/explorer/start.js'))).status).toBe(404);
  });
});
