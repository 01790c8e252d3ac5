/** What a client may hold by being slow, and what is refused of HTTP itself before anything is read. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type House, startHouse } from './test/house.ts';

let house: House;
const sockets: Socket[] = [];
beforeAll(async () => {
  house = await startHouse({ explorer: { mode: 'graphiql', token: async () => 'a.b.c' } });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await house.close();
});

const open = async (address = house.url): Promise<Socket> => {
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
};

const POST = 'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
const BODY = JSON.stringify({ query: '{ me { id } }' });
/** The largest answer there is: a megabyte. */
const LARGE = 'GET /explorer/graphiql.js HTTP/1.1\r\nhost: x\r\n\r\n';
const CLOSED_WITHIN_MS = 10_000;
/** One more byte so often, as slowloris does: each would begin a limit on silence anew. */
const DRIP_MS = 1_000;

type Slow = { readonly how: string; readonly count: number; readonly begin: (socket: Socket) => void };

const drip = (socket: Socket, text: string): void => {
  const timer = setInterval(() => socket.write(text), DRIP_MS);
  for (const event of ['close', 'end', 'error']) socket.once(event, () => clearInterval(timer));
};

const SLOW: readonly Slow[] = [
  { how: 'says nothing', count: 60, begin: (socket) => socket.resume() },
  {
    how: 'sends a header a second',
    count: 60,
    begin: (socket) => {
      socket.resume().write(POST);
      drip(socket, 'x-more: 1\r\n');
    },
  },
  {
    how: 'sends a byte of its body a second',
    count: 60,
    begin: (socket) => {
      socket.resume().write(`${POST}content-length: 90000\r\n\r\n{"query":"`);
      drip(socket, 'x');
    },
  },
  {
    how: 'asks and does not read',
    count: 20,
    begin: (socket) => {
      socket.pause().write(LARGE);
    },
  },
];

test(`${SLOW.reduce((sum, { count }) => sum + count, 0)} slow clients are gone within ten seconds, while others are served`, async () => {
  const startedAt = performance.now();
  const closed: { how: string; afterMs: number }[] = [];
  const begun = SLOW.flatMap(({ how, count, begin }) =>
    Array.from({ length: count }, async () => {
      const socket = await open();
      const gone = once(socket, 'close');
      begin(socket);
      // Who does not read does not see that it is over before it looks.
      if (socket.isPaused()) await delay(CLOSED_WITHIN_MS - 1_000).then(() => socket.resume());
      await gone;
      closed.push({ how, afterMs: performance.now() - startedAt });
    }),
  );
  let served = 0;
  while (performance.now() - startedAt < CLOSED_WITHIN_MS) {
    expect((await house.ask('{ me { id } }')).status).toBe(200);
    served += 1;
    await delay(100);
  }
  const count = (how: string) => closed.filter((each) => each.how === how).length;
  expect(Object.fromEntries(SLOW.map(({ how }) => [how, count(how)]))).toEqual(
    Object.fromEntries(SLOW.map((slow) => [slow.how, slow.count])),
  );
  await Promise.all(begun);
  expect(served).toBeGreaterThan(30);
}, 30_000);

/** What comes back until the connection ends. */
const answerTo = async (request: string): Promise<string> => {
  const socket = await open();
  socket.end(request);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
};

describe('HTTP that two readers could understand differently is refused', () => {
  const chunked = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
  test.each([
    [
      'a length and chunks',
      `${POST}content-length: ${BODY.length}\r\ntransfer-encoding: chunked\r\n\r\n${chunked}`,
      400,
    ],
    ['chunks and a length', `${POST}transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n${chunked}`, 400],
    ['two lengths', `${POST}content-length: 3\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`, 400],
    ['a length with a sign', `${POST}content-length: +${BODY.length}\r\n\r\n${BODY}`, 400],
    ['a coding that is none', `${POST}transfer-encoding: chunked, identity\r\n\r\n${chunked}`, 400],
    ['a space before the colon', `${POST}content-length : ${BODY.length}\r\n\r\n${BODY}`, 400],
    ['a header on two lines', `${POST}x-a: 1\r\n 2\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`, 400],
    [
      'lines without a carriage return',
      `${POST.replaceAll('\r\n', '\n')}content-length: ${BODY.length}\n\n${BODY}`,
      400,
    ],
    ['no host', `POST /graphql HTTP/1.1\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`, 400],
    ['headers of 20 kB', `${POST}x-a: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['TRACE', 'TRACE /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 405],
    ['a compressed body', `${POST}content-encoding: gzip\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`, 415],
  ])('%s', async (_what, request, status) => {
    house.asked.length = 0;
    const answer = await answerTo(request);
    expect(answer.slice(0, 13)).toBe(`HTTP/1.1 ${status} `);
    expect(answer).not.toMatch(/x-a|owner-a12/);
    expect(house.asked).toHaveLength(0);
  });

  test('a tunnel and another protocol are not opened', async () => {
    expect(await answerTo('CONNECT owners.internal:4010 HTTP/1.1\r\nhost: owners.internal:4010\r\n\r\n')).toBe('');
    const upgrade = `${POST}connection: upgrade\r\nupgrade: websocket\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;
    expect(await answerTo(upgrade)).not.toMatch(/^HTTP\/1.1 101/);
  });
});
