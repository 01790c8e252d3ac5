import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { obtainToken } from '@house/authorization-server/obtain-token';
import { afterEach, expect, test } from '@jest/globals';
import { documentText } from '../support/documents.ts';
import { eventually } from '../support/house.ts';
import { createPlatformControl } from '../support/platform-control.ts';
import { type HouseProcess, startHouseProcess } from '../support/process.ts';

let running: HouseProcess | undefined;
afterEach(async () => {
  await running?.dispose();
  running = undefined;
});

const start = async (variables?: Record<string, string>): Promise<HouseProcess> => {
  running = await startHouseProcess(variables);
  return running;
};

test('a stranger sees addresses, three things to try, and last that it is ready', async () => {
  const { printed } = await start();
  const lines = printed.trimEnd().split('\n');
  expect(lines.at(-1)).toMatch(/^ready http:\/\/127\.0\.0\.1:\d+\/graphql$/);
  for (const number of [1, 2, 3]) expect(printed).toMatch(new RegExp(`^ {2}${number}\\. `, 'm'));
});

test('SIGTERM drains and ends with 0, and the signal that npm repeats at once is the same signal', async () => {
  const { child, ended } = await start();
  child.kill('SIGTERM');
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});

test('Ctrl-C ends as SIGTERM does', async () => {
  const { child, ended } = await start();
  child.kill('SIGINT');
  expect(await ended).toBe(0);
});

test('a request that is under way when the house is asked to stop is answered', async () => {
  const { child, url, printed, ended } = await start();
  const addressOf = (what: string): string => new RegExp(`${what} +(\\S+)`).exec(printed)?.[1] ?? '';
  const platform = createPlatformControl(addressOf('platform simulator'));
  const { access_token } = await obtainToken({ issuer: addressOf('authorization server'), user: 'owner-a12' });
  const ask = async (): Promise<number> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${access_token}` },
      body: JSON.stringify({ query: documentText('home-screen') }),
    });
    await response.text();
    return response.status;
  };
  await ask();
  await platform.fault({ kind: 'slow', ms: 1_000, match: { path: '/access-points' } });
  const before = (await platform.requests()).length;
  const asked = Array.from({ length: 20 }, ask);
  await eventually(platform.requests, (requests) => requests.length >= before + asked.length);
  child.kill('SIGTERM');
  expect(await Promise.all(asked)).toEqual(asked.map(() => 200));
  expect(await ended).toBe(0);
});

test('a house for development refuses production and says every reason at once', async () => {
  const refusal = await startHouseProcess({ NODE_ENV: 'production' }).catch((error: Error) => error.message);
  for (const reason of ['AUTH_ISSUER', 'PLATFORM_URL', 'TLS', 'development keys']) expect(refusal).toContain(reason);
});

test('a bad setting is named, with what was expected, before anything starts', async () => {
  const refusal = await startHouseProcess({ GATEWAY_PORT: 'many', LOG_LEVEL: 'loud' }).catch(
    (error: Error) => error.message,
  );
  expect(refusal).toContain('GATEWAY_PORT: a port number');
  expect(refusal).toContain('LOG_LEVEL: debug, info, warn, error, silent');
});

test('a second house on the same port says what to do', async () => {
  const first = await start();
  const refusal = await startHouseProcess({ GATEWAY_PORT: new URL(first.url).port }).catch(
    (error: Error) => error.message,
  );
  expect(refusal).toContain('A port is in use');
});

test('a second house on the same data folder is refused in one line, and the first goes on', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'house-'));
  const first = await start({ DATA_DIR: directory, DATABASE_URL: '' });
  const refusal = await startHouseProcess({ DATA_DIR: directory, DATABASE_URL: '' }).catch(
    (error: Error) => error.message,
  );
  expect(refusal).toMatch(
    new RegExp(`^The house cannot start: .* is in use by process ${first.child.pid}\\. .*DATA_DIR.*\n$`),
  );
  expect(first.child.exitCode).toBeNull();
  await first.dispose();
  running = undefined;
  await rm(directory, { recursive: true, force: true });
});
