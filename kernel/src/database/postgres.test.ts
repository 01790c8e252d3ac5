import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { openPostgres } from './postgres.ts';

const message = (type: string, body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const READY = message('Z', Buffer.from('I'));
const WELCOME = Buffer.concat([message('R', Buffer.alloc(4)), READY]);
const DYING = message(
  'E',
  Buffer.from('SFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0'),
);
/** One row of one column without a name. */
const ROW = Buffer.concat([
  message('T', Buffer.concat([Buffer.from([0, 1, 0]), Buffer.alloc(18)])),
  message('D', Buffer.from([0, 1, 0, 0, 0, 1, 0x78])),
  message('C', Buffer.from('SELECT 1\0')),
  READY,
]);

let server: Server;
afterEach(() => new Promise((resolve) => server.close(resolve)));

/** A server that answers the first client once, and dies while it welcomes every later one, in one packet. */
const startDyingServer = async (): Promise<string> => {
  let clients = 0;
  server = createServer((socket: Socket) => {
    clients += 1;
    const isFirst = clients === 1;
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(isFirst ? WELCOME : Buffer.concat([WELCOME, DYING]));
      if (isFirst) socket.once('data', () => socket.end(ROW));
      else socket.end();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `postgres://house@127.0.0.1:${typeof address === 'object' ? address?.port : ''}/house`;
};

test('a server that dies in the moment in which it says welcome fails a transaction, not the process', async () => {
  const database = await openPostgres(await startDyingServer());
  const transact = () => database.transaction((transaction) => transaction.query('SELECT 1'));
  // The first still has the connection of the greeting, which is over; the others meet the dying server.
  for (let round = 0; round < 3; round += 1) await expect(transact()).rejects.toThrow();
  await database.close();
});
