import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, describe, expect, test } from '@jest/globals';
import { createOwnDatabase } from '../test/own-database.ts';
import { openDatabase } from './database.ts';
import { databaseConforms } from './database-conforms.ts';
import { openPostgres } from './postgres.ts';

const server = await createOwnDatabase(process.env['TEST_DATABASE_URL']);
const own = new URL(server.url);
const asSuperuser = async (statement: string): Promise<void> => {
  const database = await openDatabase({ url: server.url });
  await database.run(statement);
  await database.close();
};

databaseConforms('PostgreSQL', () => openDatabase({ url: own.href }));

afterAll(() => server.drop());

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
  const database = await openPostgres(way.href, { answerLimitMs: 300 });
  for (const socket of sockets) socket.pause().unpipe();
  await expect(database.query('SELECT 1')).rejects.toThrow('timeout');
  const attempt = database.transaction((transaction) => transaction.query('SELECT 2 AS two'));
  expect(await attempt).toEqual([{ two: 2 }]);
  await database.close();
  for (const socket of sockets) socket.destroy();
  between.close();
});

test('a server that cannot be reached, or a database that is not there, is refused at opening', async () => {
  const absent = new URL(server.url);
  absent.pathname = '/there_is_no_such_database';
  await expect(openDatabase({ url: absent.href })).rejects.toMatchObject({ code: '3D000' });
  await expect(openDatabase({ url: 'postgres://127.0.0.1:1/none' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

describe('a server that is not up yet', () => {
  const REFUSAL = (code: string): Buffer => {
    const body = Buffer.from(`SFATAL\0C${code}\0Mno\0\0`);
    const head = Buffer.from('E\0\0\0\0');
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  /** In front of the real server: the first clients are refused with `code`, the others are let through. */
  const startGate = async (code: string, refusals: number, port = 0) => {
    let refused = 0;
    const gate = createServer((near) => {
      near.on('error', () => undefined);
      if (refused < refusals) {
        refused += 1;
        return void near.once('data', () => near.end(REFUSAL(code)));
      }
      const far = connect(Number(own.port || 5432), own.hostname);
      far.on('error', () => undefined);
      return void near.pipe(far).pipe(near);
    });
    gate.listen(port, '127.0.0.1');
    await once(gate, 'listening');
    const url = new URL(own);
    url.host = `127.0.0.1:${(gate.address() as AddressInfo).port}`;
    return { url: url.href, port: Number(url.port), refused: () => refused, close: () => gate.close() };
  };

  test('is waited for while it starts, and said so once', async () => {
    const gate = await startGate('57P03', 3);
    const told: unknown[] = [];
    const database = await openDatabase({ url: gate.url, onAbsent: (error) => told.push(error) });
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(gate.refused()).toBe(3);
    expect(told).toEqual([expect.objectContaining({ code: '57P03' })]);
    await database.close();
    gate.close();
  });

  test('is waited for while nothing listens at its address', async () => {
    const reserved = await startGate('57P03', 0);
    reserved.close();
    let gate = reserved;
    const database = await openDatabase({
      url: reserved.url,
      onAbsent: () => void startGate('57P03', 0, reserved.port).then((opened) => (gate = opened)),
    });
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await database.close();
    gate.close();
  });

  test('is given up in the end, with its address and without its password', async () => {
    const told: unknown[] = [];
    const url = 'postgres://house:open-sesame@127.0.0.1:1/none';
    const opening = openPostgres(url, { onAbsent: (error) => told.push(error), absentLimitMs: 300 });
    await expect(opening).rejects.toThrow(/^PostgreSQL at 127\.0\.0\.1:1 was not there within 0\.3 s: .*ECONNREFUSED/);
    await expect(opening).rejects.not.toThrow(/open-sesame/);
    expect(told).toHaveLength(1);
  });

  test.each(['28P01', '28000', '3D000'])('is not waited for when it refuses us (%s)', async (code) => {
    const gate = await startGate(code, 1);
    const told: unknown[] = [];
    await expect(openDatabase({ url: gate.url, onAbsent: (error) => told.push(error) })).rejects.toMatchObject({
      code,
    });
    expect(told).toEqual([]);
    gate.close();
  });
});

test('a statement of a transaction that has less time than ten seconds is cancelled by the server, and only there', async () => {
  const database = await openDatabase({ url: own.href });
  const slow = database.transaction((transaction) => transaction.query('SELECT pg_sleep(9)'), { statementLimitMs: 50 });
  await expect(slow).rejects.toMatchObject({ code: '57014' });
  const limits = await Promise.all(
    [database, database].map((on) => on.query<{ statement_timeout: string }>('SHOW statement_timeout')),
  );
  expect(limits.flat().map(({ statement_timeout }) => statement_timeout)).toEqual(['10s', '10s']);
  await database.close();
});
