/** One delivery over the wire: signed, answered within five seconds or not at all, no redirect followed. */
import { createHmac } from 'node:crypto';
import { Agent as PlainAgent, request as requestPlain } from 'node:http';
import { request as requestSecure, Agent as SecureAgent } from 'node:https';
import { rootCertificates } from 'node:tls';

const ANSWER_WITHIN_MS = 5_000;
/** Of an answer, more than a challenge needs. */
const ANSWER_LIMIT_BYTES = 16 * 1024;
const SOCKETS = 16;

export type Delivery = {
  url: string;
  /** The same in every attempt. */
  id: string;
  body: string;
  /** Of this attempt. */
  timestampSeconds: number;
  secrets: readonly string[];
};
export type Post = {
  /** Rejects without an answer. */
  post(delivery: Delivery): Promise<{ status: number; text: string }>;
  close(): void;
};

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** HTTPS, unless the host is a loopback address. */
export const mayBeTold = (url: string): boolean => {
  const parsed = URL.parse(url);
  if (!parsed || parsed.username !== '' || parsed.password !== '') return false;
  return parsed.protocol === 'https:' || (parsed.protocol === 'http:' && LOOPBACK.has(parsed.hostname));
};

/** `v1,` and base64 of HMAC-SHA-256 over `id.timestamp.body` (Standard Webhooks), one for each secret. */
export const webhookSignature = ({ id, timestampSeconds, body, secrets }: Omit<Delivery, 'url'>): string =>
  secrets
    .map((secret) => {
      const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestampSeconds}.${body}`).digest('base64')}`;
    })
    .join(' ');

/** `ca` is trusted besides the world's authorities. */
export const createPost = (deps: { ca: () => string; answerWithinMs?: number }): Post => {
  const { ca, answerWithinMs = ANSWER_WITHIN_MS } = deps;
  const plain = new PlainAgent({ keepAlive: true, maxSockets: SOCKETS });
  const secure = new SecureAgent({ keepAlive: true, maxSockets: SOCKETS });
  const closing = new AbortController();
  return {
    post(delivery) {
      const { url, id, body, timestampSeconds } = delivery;
      const headers = {
        'Content-Type': 'application/json',
        'Content-Length': String(Buffer.byteLength(body)),
        'Webhook-Id': id,
        'Webhook-Timestamp': String(timestampSeconds),
        'Webhook-Signature': webhookSignature(delivery),
      };
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(answerWithinMs)]);
      const options = { method: 'POST', headers, signal };
      return new Promise((resolve, reject) => {
        const sent = url.startsWith('https:')
          ? requestSecure(url, { ...options, agent: secure, ca: [ca(), ...rootCertificates] })
          : requestPlain(url, { ...options, agent: plain });
        sent.once('error', reject);
        sent.once('response', (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk: string) => {
            text += chunk;
            if (text.length > ANSWER_LIMIT_BYTES) sent.destroy(new Error('the answer is too long'));
          });
          answer.once('error', reject);
          answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }));
        });
        sent.end(body);
      });
    },
    close() {
      closing.abort();
      plain.destroy();
      secure.destroy();
    },
  };
};
