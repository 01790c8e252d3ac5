import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createListener, type Listener } from './listener.ts';

let listener: Listener;
afterEach(() => listener.close());

test('a client that does not read its answer is cut off', async () => {
  const asked = Promise.withResolvers<ServerResponse>();
  listener = createListener({
    handle: async (_incoming, outgoing) => {
      outgoing.end(Buffer.alloc(32_000_000));
      asked.resolve(outgoing);
    },
    idleLimitMs: 300,
  });
  const socket = connect(await listener.listen(0, '127.0.0.1'), '127.0.0.1');
  socket.on('error', () => undefined).pause();
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const outgoing = await asked.promise;
  const startedAt = performance.now();
  if (!outgoing.destroyed) await once(outgoing, 'close');
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  expect(outgoing.writableFinished).toBe(false);
  socket.destroy();
}, 5_000);
