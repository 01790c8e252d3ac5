/** Every key and certificate that can be replaced without the owner of another is replaced under load: no request fails. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { createKey, startIssuer } from '@house/gateway/test/issuer';
import { type Authority, createAuthority } from '@house/kernel/test/authority';
import type { CertificateFiles } from '@house/scripts/deployed/certificates';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { documentText } from '../support/documents.ts';
import { eventually } from '../support/house.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { createClient, OPENERS, startLoad, startOpens } from './load.ts';

const REQUESTS = 5_000;
const PER_SECOND = 130;
/** Longer than the second within which a process looks at its files again. */
const NOTICED_AFTER = 1.5 * PER_SECOND;

const clock = () => new Date();
let issuer: Awaited<ReturnType<typeof startIssuer>>;
let fleet: Fleet;
beforeAll(async () => {
  issuer = await startIssuer(clock);
  fleet = await startFleet({ smartHome: { count: 2 }, gateways: 2, publicTls: true, issuer: issuer.issuer });
}, 60_000);
afterAll(async () => {
  await fleet.stop();
  await issuer.close();
});

const read = (path: string): string => readFileSync(path, 'utf8');
const replace = (path: string, content: string): void => {
  writeFileSync(`${path}.new`, content, { mode: 0o600 });
  renameSync(`${path}.new`, path);
};
const issue = (authority: Authority, files: CertificateFiles, name: string): void => {
  const { cert, key } = authority.issue(name);
  // In between they do not belong together, and the former ones stay in use.
  replace(files.cert, cert);
  replace(files.key, key);
};
const pem = (key: KeyObject): string =>
  String(key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }));

/** The serial number and issuer of what a new connection is shown. */
const shownAt = async (url: string, servername: string): Promise<string> => {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', servername, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  return `${certificate?.issuer} ${certificate?.serialNumber}`;
};

test(`nobody notices that all of them are replaced: 0 failed of ${REQUESTS} requests`, async () => {
  const { certificates, gateway, smartHome } = fleet.keys;
  let key = issuer.key;
  const tokens = new Map<string, string>();
  const token = (user: string): string => {
    const name = `${key.id} ${user}`;
    const kept = tokens.get(name) ?? issuer.token({ key, claims: { sub: user } });
    tokens.set(name, kept);
    return kept;
  };
  const nextPublic = createAuthority('The next outside', clock());
  const client = createClient({ url: fleet.gatewayUrl, token, ca: read(certificates.public.ca) + nextPublic.pem });
  const load = startLoad(client, PER_SECOND);
  const opens = await startOpens(client);
  const untilSent = (count: number) =>
    eventually(
      async () => load.sent(),
      (sent) => sent >= count,
    );
  const noticed = () => untilSent(load.sent() + NOTICED_AFTER);

  /** Each as an operator does it: what comes next is made known before it is used, and the former forgotten at last. */
  const rotations: Record<string, () => Promise<void>> = {
    'the public certificate, by another authority': async () => {
      issue(nextPublic, certificates.public, 'localhost');
      for (const { url } of fleet.gateways) expect(await shownAt(url, 'localhost')).toContain('The next outside');
    },
    'the certificates inside and their authority': async () => {
      const next = createAuthority('The next inside', clock());
      const asked = [
        { name: 'owners', url: fleet.owners.url },
        ...fleet.smartHomes.map(({ url }) => ({ name: 'smart-home', url })),
      ];
      replace(certificates.ca, read(certificates.ca) + next.pem);
      await noticed();
      for (const name of ['gateway', 'owners', 'smart-home'] as const) issue(next, certificates.inside[name], name);
      await noticed();
      replace(certificates.ca, next.pem);
      await noticed();
      for (const { name, url } of asked) expect(await shownAt(url, name)).toContain('The next inside');
    },
    'the keys by which services sign who is asking': async () => {
      for (const files of [gateway, smartHome]) {
        const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
        replace(files.publicKey, read(files.publicKey) + pem(publicKey));
        replace(files.key, pem(privateKey));
        await noticed();
        replace(files.publicKey, pem(publicKey));
        await noticed();
      }
    },
    "the issuer's key": async () => {
      const next = createKey('key-2');
      issuer.state.keys = [issuer.key.jwk, next.jwk];
      key = next;
      await noticed();
      issuer.state.keys = [next.jwk];
      await noticed();
    },
    "the platform's certificate, by the key that was pinned as the next one": async () => {
      const former = await shownAt(fleet.platformUrl, 'localhost');
      await fleet.control.rotate('tls');
      expect(await shownAt(fleet.platformUrl, 'localhost')).not.toBe(former);
      await noticed();
    },
    'the key by which the platform signs': async () => {
      await fleet.control.rotate('signing');
      await noticed();
    },
    'our certificate for the platform': async () => {
      await fleet.renewClientCertificate();
      await noticed();
    },
  };
  await noticed();
  const names: string[] = [];
  for (const [name, rotate] of Object.entries(rotations)) {
    await rotate();
    names.push(name);
  }
  await untilSent(REQUESTS);
  const outcomes = await load.stop();
  process.stderr.write(
    `${load.sent()} requests, ${load.sent() - (outcomes['answered'] ?? 0)} failed, while there were replaced: ${names.join('; ')}\n`,
  );
  expect(outcomes).toEqual({ answered: load.sent() });
  expect(load.sent()).toBeGreaterThanOrEqual(REQUESTS);

  const accepted = await opens.stop();
  // What was opened meanwhile was opened once each, and the platform found nothing wrong with what we signed.
  expect(accepted.length).toBeGreaterThan(OPENERS.length * 5);
  for (const { user, id } of accepted)
    await eventually(
      async () => (await client.ask(user, documentText('operation-status'), { id })).data,
      (data) => (data?.['operation'] as { state: string }).state === 'SUCCEEDED',
    );
  const effects = (await fleet.control.effects()).filter(({ kind }) => kind === 'open');
  // On a slow machine two taps may come so soon after one another that they are one.
  expect(effects).toHaveLength(new Set(accepted.map(({ id }) => id)).size);
  const asked = await fleet.control.requests();
  expect(asked.filter(({ apiVersion }) => apiVersion === 'v2').length).toBeGreaterThan(20);
  expect(asked.filter(({ signatureProblem }) => signatureProblem !== null)).toEqual([]);
  expect(await fleet.control.violations()).toEqual([]);
  client.close();
}, 180_000);
