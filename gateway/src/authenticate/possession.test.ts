import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { GatewayOptions } from '../gateway.ts';
import { type Answer, type House, startHouse, toAnswer } from '../test/house.ts';
import { createForgeKey, createProofForge, type Members, thumbprint } from './test/forge.ts';

const READ = '{ me { id } }';
const OPEN = 'mutation { openAccessPoint(id: "ap") }';
const key = createForgeKey();
const strange = createForgeKey();

/** Its database is open before the first request, whose time would be over otherwise on a machine with much to do. */
const startReady = async (over: Partial<GatewayOptions> = {}): Promise<House> => {
  const house = await startHouse(over);
  await house.database.version();
  return house;
};

/** An app that holds `key`: its token is bound to it, and a proof is made for each request. */
const appOf = (house: House, claims: Members = {}) => {
  let now = Math.floor(Date.parse('2026-11-24T09:00:00Z') / 1_000);
  const token = (): string => house.issuer.token({ claims: { cnf: { jkt: thumbprint(key) }, ...claims } });
  const send = (
    query: string,
    proofs: readonly string[],
    { accessToken, scheme = 'DPoP' }: { accessToken: string; scheme?: string },
  ): Promise<Response> =>
    house.post(JSON.stringify({ query }), {
      authorization: `${scheme} ${accessToken}`,
      ...(proofs.length > 0 && { dpop: proofs.join(', ') }),
    });
  const proof = (accessToken: string, members: Members = {}): string =>
    createProofForge({
      ...{ now, key, strange, accessToken, method: 'POST', url: house.url },
      nonces: { current: '', before: '', old: '', strange: '' },
    }).proof({ jti: randomUUID(), nonce: undefined, ...members });
  return {
    token,
    proof,
    send,
    moved: (seconds: number) => {
      now += seconds;
    },
    ask: async (query: string, members: Members = {}): Promise<Answer> => {
      const accessToken = token();
      return toAnswer(await send(query, [proof(accessToken, members)], { accessToken }));
    },
  };
};

const challenges = ({ headers }: Pick<Answer, 'headers'>): string | null => headers.get('www-authenticate');
const refused = (error: string) => `DPoP error="${error}", algs="ES256"`;
const counted = async (house: House): Promise<Record<string, number>> => {
  const metric = await house.telemetry.registry.getSingleMetric('authentication_refusals_total')?.get();
  return Object.fromEntries(
    (metric?.values ?? [])
      .filter(({ value }) => value > 0)
      .map(({ labels, value }) => [String(labels['reason']), value]),
  );
};

describe('where proofs are optional', () => {
  let house: House;
  let app: ReturnType<typeof appOf>;
  beforeAll(async () => {
    house = await startReady();
    app = appOf(house);
  });
  beforeEach(() => {
    house.asked.length = 0;
  });
  afterAll(() => house.close());

  test('a bound token with a proof opens a door, and is told the nonce', async () => {
    const answer = await app.ask(OPEN);
    expect(answer).toMatchObject({ status: 200, body: { data: { openAccessPoint: 'op-1' } } });
    expect(answer.headers.get('dpop-nonce')).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  test('a bearer token that is bound to nothing is as good as ever, and is told no nonce', async () => {
    const answer = await house.ask(OPEN);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('dpop-nonce')).toBeNull();
  });

  test('a proof opens one door, whatever else it is sent with', async () => {
    const accessToken = app.token();
    const proof = app.proof(accessToken);
    expect((await app.send(OPEN, [proof], { accessToken })).status).toBe(200);
    house.asked.length = 0;
    for (const query of [OPEN, 'mutation { removeVehicle(id: "v") }', 'mutation { addVehicle(plate: "x") }']) {
      const answer = await toAnswer(await app.send(query, [proof], { accessToken }));
      expect(answer).toMatchObject({ status: 401, codes: ['UNAUTHENTICATED'] });
      expect(challenges(answer)).toBe(refused('invalid_dpop_proof'));
      expect(answer.headers.get('dpop-nonce')).toMatch(/./);
    }
    expect(house.asked).toHaveLength(0);
  });

  test('of twenty at once with one proof one has an effect', async () => {
    const accessToken = app.token();
    const proof = app.proof(accessToken);
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.send(OPEN, [proof], { accessToken })));
    expect(answers.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1);
    expect(house.asked).toHaveLength(1);
  });

  test('all mutations of one document share its proof', async () => {
    const { body } = await app.ask('mutation { a: openAccessPoint(id: "1") b: openAccessPoint(id: "2") }');
    expect(body).toEqual({ data: { a: 'op-1', b: 'op-1' } });
  });

  test('a proof that was read with a query opens no door', async () => {
    const accessToken = app.token();
    const proof = app.proof(accessToken);
    for (const query of [READ, READ]) expect((await app.send(query, [proof], { accessToken })).status).toBe(200);
    expect((await app.send(OPEN, [proof], { accessToken })).status).toBe(401);
    expect((await app.ask(OPEN)).status).toBe(200);
  });

  test.each([
    ['is not GraphQL', 'query {'],
    ['asks for what is not there', '{ nothing }'],
  ])('a proof that was read with a request that %s opens no door', async (_what, refused) => {
    const accessToken = app.token();
    const proof = app.proof(accessToken);
    expect((await app.send(refused, [proof], { accessToken })).status).toBe(400);
    expect((await app.send(OPEN, [proof], { accessToken })).status).toBe(401);
  });

  test('a mutation that is forbidden uses no proof up, and one that is over its limit does not count a replay', async () => {
    const few = appOf(house, { sub: 'few', scope: 'premises:read' });
    const accessToken = few.token();
    const proof = few.proof(accessToken);
    for (let n = 0; n < 2; n += 1) expect((await few.send(OPEN, [proof], { accessToken })).status).toBe(403);

    const owner = appOf(house, { sub: 'replayed' });
    const token = owner.token();
    const captured = owner.proof(token);
    expect((await owner.send(OPEN, [captured], { accessToken: token })).status).toBe(200);
    for (let n = 0; n < 15; n += 1)
      expect((await owner.send(OPEN, [captured], { accessToken: token })).status).toBe(401);
    expect((await owner.ask(OPEN)).status).toBe(200);
  });

  test.each<[string, (accessToken: string) => readonly string[], string]>([
    ['without a proof', () => [], 'invalid_dpop_proof'],
    ['with two proofs', (token) => [app.proof(token), app.proof(token)], 'invalid_dpop_proof'],
    ['with a proof for another method', (token) => [app.proof(token, { htm: 'GET' })], 'invalid_dpop_proof'],
    [
      'with a proof for another address',
      (token) => [app.proof(token, { htu: 'https://evil.example/graphql' })],
      'invalid_dpop_proof',
    ],
    ['with a proof for another token', () => [app.proof('another')], 'invalid_dpop_proof'],
    ['with a nonce of nobody', (token) => [app.proof(token, { nonce: 'x' })], 'use_dpop_nonce'],
  ])('a bound token %s is good for nothing', async (_how, proofs, error) => {
    const accessToken = app.token();
    for (const query of [READ, OPEN]) {
      const answer = await toAnswer(await app.send(query, proofs(accessToken), { accessToken }));
      expect(answer).toMatchObject({ status: 401, codes: ['UNAUTHENTICATED'] });
      expect(challenges(answer)).toBe(refused(error));
      expect(answer.headers.get('dpop-nonce')).toMatch(/./);
    }
    expect(house.asked).toHaveLength(0);
  });

  test('a bound token under the scheme of the others is refused, with a proof or without', async () => {
    const accessToken = app.token();
    for (const proofs of [[], [app.proof(accessToken)]]) {
      const answer = await toAnswer(await app.send(READ, proofs, { accessToken, scheme: 'Bearer' }));
      expect(answer.status).toBe(401);
      expect(challenges(answer)).toBe(refused('invalid_token'));
    }
  });

  test('a token that is bound to nothing is refused under the scheme DPoP, with a proof or without', async () => {
    const accessToken = house.issuer.token();
    for (const proofs of [[], [app.proof(accessToken)]]) {
      const answer = await toAnswer(await app.send(READ, proofs, { accessToken }));
      expect(answer.status).toBe(401);
      expect(challenges(answer)).toBe(refused('invalid_token'));
    }
  });

  test('a bad token is refused in the words of its scheme', async () => {
    const ask = async (scheme: string) => challenges(await app.send(READ, [], { accessToken: 'x', scheme }));
    expect(await ask('DPoP')).toBe(refused('invalid_token'));
    expect(await ask('Bearer')).toBe('Bearer error="invalid_token", DPoP algs="ES256"');
  });

  test('whatever was wrong, the body is the same, byte for byte', async () => {
    const accessToken = app.token();
    const proof = app.proof(accessToken);
    await app.send(OPEN, [proof], { accessToken });
    const answers = await Promise.all([
      house.post(JSON.stringify({ query: OPEN })),
      app.send(OPEN, [], { accessToken: 'x' }),
      app.send(OPEN, [], { accessToken }),
      app.send(OPEN, [app.proof(accessToken, { nonce: 'x' })], { accessToken }),
      app.send(OPEN, [proof], { accessToken }),
      app.send(OPEN, [], { accessToken, scheme: 'Bearer' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(401));
    expect(new Set(answers.map(({ headers }) => headers.get('content-type'))).size).toBe(1);
    expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1);
  });

  test('an answer to a proof has the nonce, whatever comes of the request', async () => {
    const accessToken = app.token();
    const headers = { authorization: `DPoP ${accessToken}`, dpop: app.proof(accessToken) };
    for (const [body, more, status] of [
      ['{"query":"{ nothing }"}', {}, 400],
      ['{"query":"{ me { id } }"}', { accept: 'text/html' }, 406],
      ['{"query":"{ closed }"}', {}, 403],
    ] as const) {
      const answer = await house.post(body, { ...headers, ...more });
      expect({ status: answer.status, nonce: answer.headers.has('dpop-nonce') }).toEqual({ status, nonce: true });
    }
  });

  test('refusals are counted by their reason alone', async () => {
    const reasons = await counted(house);
    for (const reason of [
      'no-token',
      'token',
      'token-not-bound',
      'token-without-its-proof',
      'proof',
      'nonce',
      'proof-used-before',
    ])
      expect(reasons[reason]).toBeGreaterThan(0);
    expect(await house.telemetry.registry.metrics()).not.toContain(thumbprint(key));
  });
});

describe('where proofs are required', () => {
  let house: House;
  let app: ReturnType<typeof appOf>;
  const nonceKey = new Uint8Array(32);
  beforeAll(async () => {
    house = await startReady({ dpop: { mode: 'required', nonceKeys: () => [nonceKey] } });
    app = appOf(house);
  });
  afterAll(() => house.close());

  test('a mutation by a bearer token is refused, and told what to use', async () => {
    house.asked.length = 0;
    const answer = await house.ask(OPEN);
    expect(answer).toMatchObject({ status: 401, codes: ['UNAUTHENTICATED'] });
    expect(challenges(answer)).toBe(refused('invalid_token'));
    expect(answer.headers.get('dpop-nonce')).toMatch(/./);
    expect(house.asked).toHaveLength(0);
    expect(await counted(house)).toEqual({ 'mutation-without-proof': 1 });
  });

  test('a query by a bearer token passes', async () => expect((await house.ask(READ)).status).toBe(200));

  test('a proof comes back with the nonce that it lacked, and is taken then', async () => {
    const first = await app.ask(OPEN);
    expect(challenges(first)).toBe(refused('use_dpop_nonce'));
    const nonce = first.headers.get('dpop-nonce');
    expect(await app.ask(OPEN, { nonce })).toMatchObject({ status: 200 });
    // After two windows it is old, and the next one is told.
    house.move(240_000);
    app.moved(240_000 / 1_000);
    const late = await app.ask(OPEN, { nonce });
    expect(challenges(late)).toBe(refused('use_dpop_nonce'));
    expect(await app.ask(OPEN, { nonce: late.headers.get('dpop-nonce') })).toMatchObject({ status: 200 });
  });
});

test('where proofs are off, a token is as good as it is, in either scheme', async () => {
  const house = await startReady({ dpop: { mode: 'off' } });
  const app = appOf(house);
  const accessToken = app.token();
  for (const scheme of ['Bearer', 'DPoP'])
    for (const proofs of [[], ['x']]) {
      const answer = await app.send(OPEN, proofs, { accessToken, scheme });
      expect({ status: answer.status, nonce: answer.headers.has('dpop-nonce') }).toEqual({ status: 200, nonce: false });
    }
  expect(challenges(await app.send(READ, [], { accessToken: 'x' }))).toBe('Bearer error="invalid_token"');
  await house.close();
});

test('a proof names one of our addresses, when we know them, and not whatever name leads here', async () => {
  const house = await startReady({ dpop: { publicUrls: ['https://house.example/graphql'] } });
  const app = appOf(house);
  expect((await app.ask(READ)).status).toBe(401);
  expect((await app.ask(READ, { htu: 'https://house.example/graphql' })).status).toBe(200);
  await house.close();
});

test('while nobody can tell whether a proof was used, a mutation is refused and a query is not', async () => {
  const away = async () => {
    throw new Error('ECONNREFUSED');
  };
  const database = { query: away, transaction: away, run: away, version: away, close: async () => undefined };
  const house = await startHouse({ database });
  const app = appOf(house);
  expect(await app.ask(OPEN)).toMatchObject({ status: 503, codes: ['SERVICE_UNAVAILABLE'] });
  expect(house.asked).toHaveLength(0);
  expect((await app.ask(READ)).status).toBe(200);
  await house.close();
});
