import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createListener, type Listener } from './listener.ts';

let listener: Listener;
let port: number;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener.close();
});

const listen = async (
  handle: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>,
  over: { idleLimitMs?: number; lameDuckMs?: number } = {},
): Promise<void> => {
  listener = createListener({ handle, ...over });
  port = await listener.listen(0, '127.0.0.1');
};
const answerAtOnce = async (_incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> =>
  void outgoing.end('answer');

const open = async (): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
};
const REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
/** The whole answer to one request, or what came of it before the connection ended. */
const answerOn = async (socket: Socket): Promise<string> => {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.endsWith('answer\r\n0\r\n\r\n') || text.endsWith('answer')) break;
  }
  return text;
};
const ask = async (socket: Socket): Promise<string> => {
  socket.write(REQUEST);
  return answerOn(socket);
};
const isRefused = async (): Promise<boolean> => {
  const socket = connect(port, '127.0.0.1');
  const refused = await Promise.race([
    once(socket, 'connect').then(() => false),
    once(socket, 'error').then(() => true),
  ]).catch(() => true);
  socket.destroy();
  return refused;
};
const untilRefused = async (): Promise<void> => {
  while (!(await isRefused()));
};

test('a client that does not read its answer is cut off', async () => {
  const asked = Promise.withResolvers<ServerResponse>();
  await listen(
    async (_incoming, outgoing) => {
      outgoing.end(Buffer.alloc(32_000_000));
      asked.resolve(outgoing);
    },
    { idleLimitMs: 300 },
  );
  const socket = await open();
  socket.pause();
  socket.write(REQUEST);
  const outgoing = await asked.promise;
  const startedAt = performance.now();
  if (!outgoing.destroyed) await once(outgoing, 'close');
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  expect(outgoing.writableFinished).toBe(false);
}, 5_000);

test('told to close, it still answers on old connections and on new ones, and says good-bye on each', async () => {
  await listen(answerAtOnce, { lameDuckMs: 300 });
  const kept = await open();
  expect(await ask(kept)).toContain('Connection: keep-alive');
  const closed = listener.close();
  for (let more = 20, socket = kept; more > 0; more -= 1, socket = await open()) {
    expect(await ask(socket)).toMatch(/connection: close[^]*answer/i);
    if (!socket.readableEnded) await once(socket.resume(), 'end');
  }
  await closed;
  expect(await isRefused()).toBe(true);
});

test('a connection that was made in the last moment is answered, though nobody is let in any more', async () => {
  await listen(answerAtOnce, { lameDuckMs: 200 });
  const closed = listener.close();
  const early = await open();
  // The youngest connection is the measure for all of them.
  const late = await open();
  await untilRefused();
  expect(await ask(late)).toContain('answer');
  expect(await ask(early)).toContain('answer');
  await closed;
});

test('connections that only wait, and those that never said anything, do not keep it from closing', async () => {
  await listen(answerAtOnce);
  const kept = await open();
  await ask(kept);
  await open();
  const startedAt = performance.now();
  await listener.close();
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test('a request of which the half has come is answered', async () => {
  await listen(answerAtOnce);
  const socket = await open();
  socket.write(REQUEST.slice(0, 10));
  // What was written before it has been read when this one is answered.
  await ask(await open());
  const closed = listener.close();
  await untilRefused();
  socket.write(REQUEST.slice(10));
  expect(await answerOn(socket)).toMatch(/connection: close[^]*answer/i);
  await closed;
});

test('an answer that was begun before is finished', async () => {
  const rest = Promise.withResolvers<void>();
  await listen(async (_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-length': 10 }).write('the ');
    await rest.promise;
    outgoing.end('answer');
  });
  const socket = await open();
  socket.write(REQUEST);
  await once(socket, 'readable');
  const closed = listener.close();
  await untilRefused();
  rest.resolve();
  expect(await answerOn(socket)).toContain('the answer');
  await closed;
});
