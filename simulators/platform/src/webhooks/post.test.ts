import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createPost, type Post, webhookSignature } from './post.ts';

const opened: { server: Server; post: Post }[] = [];
afterEach(async () => {
  for (const { server, post } of opened.splice(0)) {
    post.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Delivers once to somebody who answers like this. */
const deliver = async (listener: RequestListener, answerWithinMs?: number) => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const post = createPost({ ca: () => '', ...(answerWithinMs === undefined ? {} : { answerWithinMs }) });
  opened.push({ server, post });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return post.post({ url, id: 'one', body: '{}', timestampSeconds: 1, secrets: ['whsec_AAAA'] });
};

test('the signature is that of the Standard Webhooks reference', () => {
  const signed = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestampSeconds: 1614265330,
    body: '{"test": 2432232314}',
    secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
  };
  expect(webhookSignature(signed)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  expect(webhookSignature({ ...signed, secrets: [...signed.secrets, 'whsec_AAAA'] }).split(' ')).toHaveLength(2);
});

test('who does not answer in time has not taken it', async () => {
  await expect(deliver(() => undefined, 50)).rejects.toThrow(/aborted/);
});

test('who answers without end has not taken it', async () => {
  const talk: RequestListener = (_, response) => {
    response.writeHead(200);
    const speak = () => response.write('x'.repeat(8_192), () => response.destroyed || setImmediate(speak));
    speak();
  };
  await expect(deliver(talk)).rejects.toThrow(/too long/);
});

test('nobody is sent elsewhere', async () => {
  const there: string[] = [];
  const redirect: RequestListener = ({ url = '' }, response) => {
    there.push(url);
    response.writeHead(307, { Location: '/elsewhere' }).end();
  };
  expect(await deliver(redirect)).toEqual({ status: 307, text: '' });
  expect(there).toEqual(['/']);
});
