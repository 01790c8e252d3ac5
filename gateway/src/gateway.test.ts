import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type House, startHouse, toAnswer } from './test/house.ts';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
beforeEach(() => {
  house.asked.length = 0;
  house.lines.length = 0;
});
afterAll(() => house.close());

const HOME = '{ me { id premises { id label vehicles } } }';

describe('one request', () => {
  test('goes through every step and comes back whole, from both subgraphs', async () => {
    const { status, body, headers } = await house.ask(HOME);
    expect(status).toBe(200);
    expect(body).toEqual({
      data: { me: { id: 'owner-a12', premises: [{ id: 'p1', label: 'Кв. 12', vehicles: ['v1'] }] } },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(house.asked).toHaveLength(2);
  });

  test('reaches the subgraphs with the principal that its token proves, and its own trace id', async () => {
    const { headers } = await house.ask(HOME, {
      claims: {
        complexes: ['cx_a'],
        auth_time: 1_795_000_000,
        acr: 'urn:mfa',
        scope: 'premises:read staff:open vehicle:read',
      },
      headers: { 'access-reason': encodeURIComponent('Заявка №7') },
    });
    const traceId = headers.get('x-request-id');
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    for (const asked of house.asked) {
      expect(asked.traceId).toBe(traceId);
      expect(asked.principal).toMatchObject({
        subject: 'owner-a12',
        clientId: 'app',
        roles: ['resident'],
        // A resident may not hold staff:open, whatever the token carries.
        scopes: ['premises:read', 'vehicle:read'],
        complexes: ['cx_a'],
        acr: 'urn:mfa',
        authTime: new Date(1_795_000_000_000),
        reason: 'Заявка №7',
      });
    }
  });

  test('may come by GET when it is a query that a foreign page could not send', async () => {
    const authorization = `Bearer ${house.issuer.token()}`;
    const url = `${house.url}?query=${encodeURIComponent('{me{id}}')}`;
    const crossSite = await toAnswer(await fetch(url, { headers: { authorization } }));
    expect(crossSite).toMatchObject({ status: 400, codes: ['BAD_USER_INPUT'] });
    const own = await toAnswer(await fetch(url, { headers: { authorization, 'apollo-require-preflight': '1' } }));
    expect(own).toMatchObject({ status: 200, body: { data: { me: { id: 'owner-a12' } } } });
  });

  test('changes nothing by GET', async () => {
    const url = `${house.url}?query=${encodeURIComponent('mutation{removeVehicle(id:"v1")}')}`;
    const headers = { authorization: `Bearer ${house.issuer.token()}`, 'apollo-require-preflight': '1' };
    const { status, codes } = await toAnswer(await fetch(url, { headers }));
    expect({ status, codes, asked: house.asked.length }).toEqual({ status: 405, codes: ['BAD_USER_INPUT'], asked: 0 });
  });
});

test.each([
  undefined,
  '*/*',
  'text/html, application/*;q=0.1',
  'application/json',
  'APPLICATION/JSON; Charset=UTF-8',
  'application/graphql-response+json; charset=utf-8, application/json; q=0.9',
  'application/json;q=0, application/graphql-response+json',
])('a client that accepts %j is answered', async (accept) => {
  const answer = await house.ask('{ me { id } }', accept === undefined ? {} : { headers: { accept } });
  expect(answer).toMatchObject({ status: 200, body: { data: { me: { id: 'owner-a12' } } } });
});

describe('the order of refusal', () => {
  const stranger = { authorization: 'Bearer nonsense' };

  test.each([
    [
      'a body of 2 MB',
      () => house.post(JSON.stringify({ query: 'x'.repeat(2_000_000) }), stranger),
      413,
      'BAD_USER_INPUT',
    ],
    ['malformed JSON', () => house.post('{"query":', stranger), 400, 'BAD_USER_INPUT'],
    ['a document that is not GraphQL', () => house.post('{"query":"{{{"}', stranger), 401, 'UNAUTHENTICATED'],
    ['a field that does not exist', () => house.post('{"query":"{ nothing }"}', stranger), 401, 'UNAUTHENTICATED'],
    [
      'introspection',
      () => house.post('{"query":"{ __schema { types { name } } }"}', stranger),
      401,
      'UNAUTHENTICATED',
    ],
  ])(
    'a stranger with %s is told so before anything more expensive is looked at',
    async (_what, request, status, code) => {
      expect(await toAnswer(await request())).toMatchObject({ status, codes: [code] });
      expect(house.asked).toHaveLength(0);
    },
  );

  test('a forbidden field is refused before a limit counts it', async () => {
    const forbidden = { claims: { sub: 'no-scope', scope: 'premises:read' } };
    const open = 'mutation { openAccessPoint(id: "ap") }';
    for (let n = 0; n < 13; n += 1)
      expect(await house.ask(open, forbidden)).toMatchObject({ status: 403, codes: ['FORBIDDEN'] });
    expect(house.asked).toHaveLength(0);
    expect(await house.ask(open, { claims: { sub: 'no-scope' } })).toMatchObject({ status: 200 });
  });
});

describe('no token', () => {
  test('is answered 401 with the schemes to use', async () => {
    const response = await house.post('{"query":"{ me { id } }"}');
    expect(response.headers.get('www-authenticate')).toBe('Bearer, DPoP algs="ES256"');
    expect(await toAnswer(response)).toMatchObject({ status: 401, codes: ['UNAUTHENTICATED'] });
  });

  test('and every bad one get the same body', async () => {
    const { key } = house.issuer;
    const tokens = [
      'x',
      'a.b.c',
      house.issuer.token({ claims: { exp: 1 } }),
      house.issuer.token({ claims: { aud: 'another' } }),
      house.issuer.token({ header: { kid: 'unknown' } }),
      `${house.issuer.token().slice(0, -8)}AAAAAAAA`,
      house.issuer.token({ key: { ...key, id: 'key-1' }, header: { typ: 'JWT' } }),
    ];
    const ask = async (headers: Record<string, string>) =>
      (await house.post('{"query":"{ me { id } }"}', headers)).text();
    const bodies = new Set([
      await ask({}),
      ...(await Promise.all(tokens.map((token) => ask({ authorization: `Bearer ${token}` })))),
    ]);
    expect(bodies.size).toBe(1);
    expect(house.asked).toHaveLength(0);
  });
});

describe('a denied field', () => {
  test('refuses the whole request with every denied path named, and no subgraph is asked', async () => {
    const { status, body } = await house.ask(
      '{ me { id secret friend { oh: secret } } closed premises(id: "p1") { label } }',
    );
    expect(status).toBe(403);
    expect(body).toEqual({
      errors: [['me', 'secret'], ['me', 'friend', 'oh'], ['closed']].map((path) => ({
        message: 'Your token or your role does not allow this.',
        path,
        extensions: { code: 'FORBIDDEN' },
      })),
    });
    expect(house.asked).toHaveLength(0);
  });
});

describe('a limit', () => {
  test('is told with the time to come back, and the rest of the house goes on', async () => {
    const who = { claims: { sub: 'busy' } };
    const open = 'mutation { openAccessPoint(id: "ap") }';
    for (let n = 0; n < 12; n += 1) expect((await house.ask(open, who)).status).toBe(200);
    house.move(10_400);
    const { status, headers, body } = await house.ask(open, who);
    expect({ status, retryAfter: headers.get('retry-after') }).toEqual({ status: 429, retryAfter: '50' });
    expect(body.errors).toEqual([
      {
        message: 'Too many of these; try again later.',
        path: ['openAccessPoint'],
        extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 50 },
      },
    ]);
    expect((await house.ask('mutation { addVehicle(plate: "A1") }', who)).status).toBe(200);
    expect((await house.ask(open, { claims: { sub: 'calm' } })).status).toBe(200);
    house.move(50_000);
    expect((await house.ask(open, who)).status).toBe(200);
  });
});

describe('a failure inside', () => {
  test('is told as INTERNAL and nothing more; the log has the trace id and the story', async () => {
    const { status, body, headers } = await house.ask('{ broken }');
    expect(status).toBe(200);
    expect(body.errors).toEqual([
      { message: 'Something went wrong on our side.', path: ['broken'], extensions: { code: 'INTERNAL' } },
    ]);
    expect(JSON.stringify(body)).not.toMatch(/SELECT|store\.ts|owners|stack/);
    const logged = house.lines.find((line) => line.includes('request-failed'));
    expect(JSON.parse(logged ?? '{}')).toMatchObject({ traceId: headers.get('x-request-id') });
  });
});

describe('what is not the endpoint', () => {
  test.each([
    ['GET', '/'],
    ['GET', '/events'],
    ['PUT', '/uploads/1'],
    ['GET', '/explorer/start.js'],
    ['POST', '/graphql/'],
  ])('%s %s is not found', async (method, path) => {
    const response = await fetch(new URL(path, house.url), { method });
    expect(await toAnswer(response)).toMatchObject({ status: 404, codes: ['NOT_FOUND'] });
  });

  test('another method is refused and no page of another origin gets permission', async () => {
    const response = await fetch(house.url, { method: 'OPTIONS', headers: { origin: 'https://elsewhere.example' } });
    expect({ status: response.status, allow: response.headers.get('allow') }).toEqual({
      status: 405,
      allow: 'GET, POST',
    });
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('an address that cannot be read does not end the process', async () => {
    const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
    socket.end('GET // HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(String(bytes)).toMatch(/^HTTP\/1\.1 404 /);
    expect((await house.ask('{ me { id } }')).status).toBe(200);
  });

  test("a client that leaves in the middle of its request is nobody's failure", async () => {
    const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
    socket.write(
      'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"query"',
    );
    await once(socket, 'connect');
    socket.destroy();
    const metrics = async () => (await fetch(`${house.adminUrl}/metrics`)).text();
    while (!(await metrics()).includes('status_code="499"')) await new Promise((resolve) => setImmediate(resolve));
    expect(house.lines).toEqual([]);
  });
});
