import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { later } from '../clock.ts';
import {
  createPrincipalSigner,
  createPrincipalVerifier,
  type Principal,
  signingKeyOf,
  verifyingKeysOf,
} from '../principal/principal.ts';
import { createTelemetry } from '../telemetry.ts';
import { createAuthority, type Issued } from '../test/authority.ts';
import { connectSubgraph, createListener, createSubgraph, serveSubgraph, watchCredentials } from './subgraph.ts';

const clock = () => new Date();
const [now, DAY_MS] = [clock(), 86_400_000];
const [ours, theirs] = [createAuthority('Ours', now), createAuthority('Theirs', now)];
const lines: string[] = [];
const { log } = createTelemetry({ service: 'test', level: 'info', destination: { write: (line) => lines.push(line) } });
const wait = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};

const signingKeys = {
  gateway: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'smart-home': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};
type Service = keyof typeof signingKeys;
const signAs = (issuer: Service) => {
  const key = signingKeyOf(signingKeys[issuer].privateKey);
  return createPrincipalSigner({ key: () => key, issuer, clock, random: randomBytes });
};
const known = {
  gateway: () => verifyingKeysOf([signingKeys.gateway.publicKey]),
  'smart-home': () => verifyingKeysOf([signingKeys['smart-home'].publicKey]),
};
const principal: Principal = {
  subject: 'owner-a12',
  clientId: 'app',
  roles: ['resident'],
  scopes: [],
  complexes: [],
  tokenId: 'jti-1',
  expiresAt: later(now, DAY_MS),
};

let executed = 0;
const schema = buildSchema('type Query { who: String }');
const { who } = schema.getQueryType()?.getFields() ?? {};
if (who)
  who.resolve = () => {
    executed += 1;
    return 'owner-a12';
  };
const subgraph = createSubgraph({ name: 'owners', schema, createContext: (request) => request, log });
const serve = (credentials: Issued & { ca: string }, services: readonly string[] = ['gateway', 'smart-home']) =>
  serveSubgraph({
    subgraph,
    verify: createPrincipalVerifier({ keys: known, audience: 'owners', clock }),
    port: 0,
    inside: { credentials: () => credentials, services },
    log,
  });
const serving = { ...ours.issue('owners'), ca: ours.pem };

let server: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  server = await serve(serving);
});
afterAll(() => server.close());
beforeEach(() => {
  lines.length = 0;
  executed = 0;
});

const portOf = (url: string): number => Number(new URL(url).port);

/** What a client gets whose handshake succeeds, or the words with which it ends. */
const attempt = async (port: number, options: ConnectionOptions): Promise<string> => {
  const socket = connect({ port, host: '127.0.0.1', ca: ours.pem, servername: 'owners', ...options });
  const ended = new Promise<string>((resolve) => {
    socket.once('error', ({ message }) => resolve(message));
    socket.once('close', () => resolve('closed'));
  });
  socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  const answered = once(socket, 'data').then(([data]) => String(data).slice(0, 12));
  const outcome = await Promise.race([answered.catch(() => ended), ended]);
  socket.destroy();
  return outcome;
};

/** Asks as `issuer`, with a certificate. */
const askWith = async (
  certificate: Issued,
  issuer: Service,
  over: { url?: string; ca?: string } = {},
): Promise<unknown> => {
  const credentials = { ...certificate, ca: over.ca ?? ours.pem };
  const client = connectSubgraph({
    name: 'owners',
    url: over.url ?? server.url,
    sign: signAs(issuer),
    credentials: () => credentials,
  });
  try {
    return (await client.execute({ query: '{ who }', principal, traceId: 't' })).data;
  } catch (error) {
    const { code, cause } = error as { code: string; cause?: { code?: string; message?: string } };
    return [code, cause?.code ?? cause?.message];
  } finally {
    await client.close();
  }
};

describe('versions', () => {
  let listener: ReturnType<typeof createListener>;
  let publicPort: number;
  beforeAll(async () => {
    listener = createListener({
      handle: async (_incoming, outgoing) => void outgoing.end('answer'),
      tls: { credentials: () => serving },
    });
    publicPort = await listener.listen(0, '127.0.0.1');
  });
  afterAll(() => listener.close());

  const inside = ours.issue('gateway');
  const only = (version: SecureVersion): ConnectionOptions => ({
    ...inside,
    minVersion: version,
    maxVersion: version,
    // So that it is the server that refuses: OpenSSL of its own takes part in nothing so old.
    ...((version === 'TLSv1' || version === 'TLSv1.1') && { ciphers: 'DEFAULT@SECLEVEL=0' }),
  });

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused by a public listener and by a subgraph', async (version) => {
    for (const port of [publicPort, portOf(server.url)])
      expect(await attempt(port, only(version))).toContain('alert protocol version');
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s is spoken by both', async (version) => {
    expect(await attempt(publicPort, only(version))).toBe('HTTP/1.1 200');
    expect(await attempt(portOf(server.url), only(version))).toBe('HTTP/1.1 404');
  });

  test.each(['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES256-SHA', 'ECDHE-ECDSA-AES128-CCM'])(
    '%s, which RFC 9325 does not recommend, is refused by both',
    async (ciphers) => {
      for (const port of [publicPort, portOf(server.url)])
        expect(await attempt(port, { ...inside, maxVersion: 'TLSv1.2', ciphers })).toContain('alert handshake failure');
    },
  );

  test('a public listener asks for a certificate, and takes any or none', async () => {
    const stranger = theirs.issue('stranger', { to: later(now, -1) });
    expect(await attempt(publicPort, {})).toBe('HTTP/1.1 200');
    expect(await attempt(publicPort, stranger)).toBe('HTTP/1.1 200');
  });
});

describe('a subgraph', () => {
  test('answers our services', async () => {
    for (const service of ['gateway', 'smart-home'] as const)
      expect(await askWith(ours.issue(service), service)).toEqual({ who: 'owner-a12' });
  });

  const strangers: readonly (readonly [string, Issued | undefined])[] = [
    ['without a certificate', undefined],
    ['of another authority', theirs.issue('gateway')],
    ['whose certificate has ended', ours.issue('gateway', { to: later(now, -1_000) })],
    ['whose certificate has not begun', ours.issue('gateway', { from: later(now, 3_600_000) })],
    ['whose certificate is for servers only', ours.issue('gateway', { purposes: ['server'] })],
    ['of ours that has no business there', ours.issue('owners')],
    ['that is named in the subject only', ours.issue('gateway', { names: [] })],
    ['that is named by a wildcard', ours.issue('gateway', { names: ['*'] })],
    ['whose name only begins like one', ours.issue('gateway', { names: ['gateway.example'] })],
  ];
  test.each(strangers)('refuses a client %s before it reads a byte of a request', async (_who, certificate) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const outcome = await attempt(portOf(server.url), { ...certificate, maxVersion });
      expect(outcome).not.toMatch(/^HTTP/);
    }
    await wait(() => lines.filter((line) => line.includes('connection-refused')).length === 2);
    if (certificate)
      expect(await askWith(certificate, 'gateway')).toMatchObject(['SERVICE_UNAVAILABLE', expect.anything()]);
    expect(executed).toBe(0);
  });

  test('takes what one of our services has signed from nobody else', async () => {
    expect(await askWith(ours.issue('smart-home'), 'gateway')).toEqual(['SERVICE_UNAVAILABLE', 'owners answered 401']);
    expect(executed).toBe(0);
  });

  test('speaks no plain HTTP', async () => {
    await expect(fetch(server.url.replace('https', 'http'))).rejects.toThrow();
  });

  test('resumes no session: who was admitted is looked at again', async () => {
    const options = { ...ours.issue('gateway'), maxVersion: 'TLSv1.2' as const, port: portOf(server.url) };
    const open = async (session?: Buffer): Promise<TLSSocket> => {
      const socket = connect({
        ...options,
        host: '127.0.0.1',
        ca: ours.pem,
        servername: 'owners',
        ...(session && { session }),
      });
      await once(socket, 'secureConnect');
      return socket;
    };
    const first = await open();
    const second = await open(first.getSession());
    expect(second.isSessionReused()).toBe(false);
    first.destroy();
    second.destroy();
  });
});

describe('who asks a subgraph', () => {
  const gateway = ours.issue('gateway');

  test.each([
    ['another authority vouches for it', theirs.issue('owners'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['it is another service of ours', ours.issue('smart-home'), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['its certificate has ended', ours.issue('owners', { to: later(now, -1_000) }), 'CERT_HAS_EXPIRED'],
    ['its certificate is for clients only', ours.issue('owners', { purposes: ['client'] }), 'INVALID_PURPOSE'],
  ])('sends it nothing when %s', async (_why, certificate, code) => {
    const stranger = await serve({ ...certificate, ca: ours.pem });
    expect(await askWith(gateway, 'gateway', { url: stranger.url })).toEqual(['SERVICE_UNAVAILABLE', code]);
    await stranger.close();
    expect(executed).toBe(0);
  });

  test.each(['http://127.0.0.1:1/graphql', 'https://127.0.0.1:1/graphql'])('does not begin with %s', (url) => {
    const credentials = { ...gateway, ca: ours.pem };
    const given = url.startsWith('http:') ? { credentials: () => credentials } : {};
    expect(() => connectSubgraph({ name: 'owners', url, sign: signAs('gateway'), ...given })).toThrow(TypeError);
  });
});

describe('certificates that are replaced', () => {
  const [former, next] = [createAuthority('The former', now), createAuthority('The next', now)];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tls-'));
  });
  const replace = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(`${path}.new`, content);
    renameSync(`${path}.new`, path);
    return path;
  };
  const write = (service: string, { cert, key }: Issued, ca: string) => ({
    ca: replace(`${service}-ca.pem`, ca),
    cert: replace(`${service}.pem`, cert),
    key: replace(`${service}-key.pem`, key),
  });

  test('are used by new connections, and the old ones end with their next answer; no request fails', async () => {
    let time = now;
    const watch = (service: string, authority: typeof former) =>
      watchCredentials({
        name: service,
        files: write(service, authority.issue(service), authority.pem),
        clock: () => time,
        log,
      });
    const [ownersHas, gatewayHas] = [watch('owners', former), watch('gateway', former)];
    const moving = await serveSubgraph({
      subgraph,
      verify: createPrincipalVerifier({ keys: known, audience: 'owners', clock }),
      port: 0,
      inside: { credentials: ownersHas, services: ['gateway'] },
      log,
    });
    const client = connectSubgraph({
      name: 'owners',
      url: moving.url,
      sign: signAs('gateway'),
      credentials: gatewayHas,
    });
    const ask = () => client.execute({ query: '{ who }', principal, traceId: 't' });
    const kept = connect({ port: portOf(moving.url), host: '127.0.0.1', ...gatewayHas(), servername: 'owners' });
    await once(kept, 'secureConnect');
    const shown = (): string | undefined => {
      const { issuer } = kept.getPeerX509Certificate() ?? {};
      return issuer;
    };
    const answerOn = async (): Promise<string> => {
      kept.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
      return String((await once(kept, 'data'))[0]);
    };
    expect(await answerOn()).toMatch(/connection: keep-alive/i);

    const both = former.pem + next.pem;
    const steps = [
      () => write('owners', former.issue('owners'), both),
      () => write('gateway', former.issue('gateway'), both),
      () => replace('owners.pem', 'half a fi'),
      () => write('owners', next.issue('owners'), both),
      () => write('gateway', next.issue('gateway'), both),
      () => write('owners', next.issue('owners'), next.pem),
      () => write('gateway', next.issue('gateway'), next.pem),
    ];
    let asked = 0;
    for (const step of steps) {
      const underWay = Array.from({ length: 10 }, ask);
      step();
      time = later(time, 1_000);
      const answers = await Promise.all([...underWay, ...Array.from({ length: 10 }, ask)]);
      for (const { data } of answers) expect(data).toEqual({ who: 'owner-a12' });
      asked += answers.length;
    }
    expect(executed).toBe(asked);
    expect(lines.filter((line) => line.includes('certificates-not-usable'))).toHaveLength(1);

    expect(shown()).toContain('The former');
    expect(await answerOn()).toMatch(/connection: close/i);
    const port = portOf(moving.url);
    const late = former.issue('gateway');
    expect(await attempt(port, { ...late, ca: next.pem })).not.toMatch(/^HTTP/);
    expect(await attempt(port, { ...next.issue('gateway'), ca: former.pem })).toContain('self-signed certificate');
    expect(await attempt(port, { ...next.issue('gateway'), ca: next.pem })).toBe('HTTP/1.1 404');
    kept.destroy();
    await client.close();
    await moving.close();
    rmSync(folder, { recursive: true });
  });

  test.each([
    [
      'a key of another certificate',
      () => ({ ...former.issue('owners'), key: former.issue('owners').key, ca: former.pem }),
    ],
    ['an authority that is cut off', () => ({ ...former.issue('owners'), ca: former.pem.slice(0, 200) })],
    ['a certificate that has ended', () => ({ ...former.issue('owners', { to: later(now, -1) }), ca: former.pem })],
    ['nothing', () => ({ cert: '', key: '', ca: '' })],
  ])('by %s are not used, neither at the start nor later', (_what, wrong) => {
    const files = write('owners', former.issue('owners'), former.pem);
    const credentials = watchCredentials({ name: 'owners', files, clock, log });
    const good = credentials();
    const { ca, ...leaf } = wrong();
    write('owners', leaf, ca);
    expect(credentials(0)).toBe(good);
    expect(() => watchCredentials({ name: 'owners', files, clock, log })).toThrow();
    rmSync(folder, { recursive: true });
  });
});
