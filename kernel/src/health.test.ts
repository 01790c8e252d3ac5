import { afterEach, expect, test } from '@jest/globals';
import type { Queryable } from './database/database.ts';
import { serveHealth } from './health.ts';

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

const statuses = async (query: Queryable['query'], open = true) => {
  const health = await serveHealth({ database: { query }, host: '127.0.0.1', port: 0 });
  close = () => health.close();
  health.setOpen(open);
  const paths = ['/livez', '/readyz', '/', '/graphql'];
  return Promise.all(paths.map(async (path) => (await fetch(new URL(path, health.url))).status));
};

test('a process with a database lives and is ready', async () => {
  expect(await statuses(async () => [])).toEqual([200, 200, 404, 404]);
});

test('a process whose database does not answer lives and is not ready', async () => {
  expect(await statuses(() => Promise.reject(new Error('gone')))).toEqual([200, 503, 404, 404]);
});

test('a process that does not serve yet, or no longer, lives and is not ready', async () => {
  expect(await statuses(async () => [], false)).toEqual([200, 503, 404, 404]);
});
