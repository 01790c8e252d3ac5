import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, expect, test } from '@jest/globals';
import { openDatabase } from './database.ts';
import { databaseConforms } from './database-conforms.ts';
import { openPostgres } from './postgres.ts';

const server = process.env['TEST_DATABASE_URL'];
if (!server) throw new Error('TEST_DATABASE_URL is not set; run these tests through npm test.');

const name = `kernel_${randomBytes(6).toString('hex')}`;
const own = new URL(server);
own.pathname = `/${name}`;

const asSuperuser = async (statement: string): Promise<void> => {
  const database = await openDatabase({ url: server });
  await database.run(statement);
  await database.close();
};

await asSuperuser(`CREATE DATABASE ${name}`);

databaseConforms('PostgreSQL', () => openDatabase({ url: own.href }));

afterAll(() => asSuperuser(`DROP DATABASE ${name} WITH (FORCE)`));

test('a connection that the server cut is replaced by the next statement', async () => {
  const database = await openDatabase({ url: own.href });
  const [row] = await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await asSuperuser(`SELECT pg_terminate_backend(${row?.pid})`);
  // The cut is noticed at once or by the statement that meets it; the one after it is served in any case.
  await database.query('SELECT 1').catch(() => undefined);
  expect(await database.query('SELECT 2 AS two')).toEqual([{ two: 2 }]);
  await database.close();
});

test('a transaction whose connection is cut is not kept, and its connection is not used again', async () => {
  const database = await openDatabase({ url: own.href });
  await database.run('CREATE TABLE public.cut (name text)');
  const attempt = database.transaction(async (transaction) => {
    await transaction.query("INSERT INTO public.cut VALUES ('a')");
    const [row] = await transaction.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await asSuperuser(`SELECT pg_terminate_backend(${row?.pid})`);
    await transaction.query('SELECT 1');
  });
  await expect(attempt).rejects.toThrow();
  expect(await database.query('SELECT name FROM public.cut')).toEqual([]);
  await database.close();
});

test('a server that falls silent is given up, and its connection with it', async () => {
  const sockets: Socket[] = [];
  const between = createServer((near) => {
    const far = connect(Number(own.port || 5432), own.hostname);
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
    sockets.push(near, far);
  });
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  const way = new URL(own);
  way.host = `127.0.0.1:${(between.address() as AddressInfo).port}`;
  const database = await openPostgres(way.href, 300);
  for (const socket of sockets) socket.pause().unpipe();
  await expect(database.query('SELECT 1')).rejects.toThrow('timeout');
  const attempt = database.transaction((transaction) => transaction.query('SELECT 2 AS two'));
  expect(await attempt).toEqual([{ two: 2 }]);
  await database.close();
  for (const socket of sockets) socket.destroy();
  between.close();
});

test('a server that cannot be reached, or a database that is not there, is refused at opening', async () => {
  const absent = new URL(server);
  absent.pathname = '/there_is_no_such_database';
  await expect(openDatabase({ url: absent.href })).rejects.toMatchObject({ code: '3D000' });
  await expect(openDatabase({ url: 'postgres://127.0.0.1:1/none' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
