import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createAuthority } from '../test/authority.ts';
import { createListener, type Listener } from './listener.ts';

let listener: Listener;
let port: number;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener.close();
});

const authority = createAuthority('Ours', new Date());
const credentials = authority.issue('owners');
let isTls = false;

const listen = async (
  handle: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>,
  over: { handshakeLimitMs?: number; idleLimitMs?: number; lameDuckMs?: number } = {},
): Promise<void> => {
  listener = createListener({ handle, tls: isTls ? { credentials: () => credentials } : undefined, ...over });
  port = await listener.listen(0, '127.0.0.1');
};
const answerAtOnce = async (_incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> =>
  void outgoing.end('answer');

const keep = (socket: Socket): Socket => {
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
};
const openPlain = async (): Promise<Socket> => {
  const socket = keep(connect(port, '127.0.0.1'));
  await once(socket, 'connect');
  return socket;
};
const open = async (): Promise<Socket> => {
  if (!isTls) return openPlain();
  const socket = keep(connectTls({ port, host: '127.0.0.1', ca: authority.pem, servername: 'owners' }));
  await once(socket, 'secureConnect');
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

describe.each(['HTTP', 'HTTPS'])('over %s', (scheme) => {
  beforeEach(() => {
    isTls = scheme === 'HTTPS';
  });

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

  test('a client that reads nothing of an answer is cut off within ten seconds of its being whole', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    await listen(async (_incoming, outgoing) => {
      outgoing.end(Buffer.alloc(64_000_000));
      asked.resolve(outgoing);
    });
    const socket = await open();
    socket.pause();
    socket.write(REQUEST);
    const startedAt = performance.now();
    const outgoing = await asked.promise;
    await once(outgoing, 'close');
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(outgoing.writableFinished).toBe(false);
  }, 20_000);

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
});

describe('a handshake', () => {
  beforeEach(() => {
    isTls = true;
  });

  test('that is not finished does not keep it from closing, and is left its time', async () => {
    await listen(answerAtOnce, { lameDuckMs: 300 });
    const silent = await openPlain();
    const closed = listener.close();
    const late = await openPlain();
    await untilRefused();
    const secure = keep(connectTls({ socket: late, ca: authority.pem, servername: 'owners' }));
    await once(secure, 'secureConnect');
    expect(await ask(secure)).toMatch(/connection: close[^]*answer/i);
    const startedAt = performance.now();
    await closed;
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    if (!silent.destroyed) await once(silent.resume(), 'close');
  }, 5_000);

  test('that a client does not finish is cut', async () => {
    await listen(answerAtOnce, { handshakeLimitMs: 200 });
    const slow = await openPlain();
    // The beginning of a record of TLS.
    slow.write(Buffer.from([22, 3, 1]));
    await once(slow.resume(), 'close');
  }, 5_000);
});
