/** Somebody who listens for webhooks: keeps what comes, and answers as told. */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Told = {
  id: string;
  timestamp: number;
  /** Each without its `v1,`. */
  signatures: readonly string[];
  raw: string;
  body: { type: string; sequence?: number; challenge?: string; siteId?: number; data?: unknown };
};
export type Subscriber = {
  url: string;
  told: Told[];
  /** Resolves when `count` deliveries of this type have come. */
  until(type: string, count?: number): Promise<readonly Told[]>;
  of(type: string): readonly Told[];
  /** The status of the next answers; undefined is silence. */
  answer: (told: Told) => number | undefined;
  close(): Promise<void>;
};

/** Standard Webhooks, by hand. */
export const signatureOf = ({ id, timestamp, raw }: Told, secret: string): string =>
  createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
    .update(`${id}.${timestamp}.${raw}`)
    .digest('base64');

export const startSubscriber = async (): Promise<Subscriber> => {
  const waiting = new Set<() => void>();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let raw = '';
    for await (const chunk of request) raw += String(chunk);
    const told: Told = {
      id: String(request.headers['webhook-id']),
      timestamp: Number(request.headers['webhook-timestamp']),
      signatures: String(request.headers['webhook-signature'])
        .split(' ')
        .map((signature) => signature.replace(/^v1,/, '')),
      raw,
      body: JSON.parse(raw),
    };
    subscriber.told.push(told);
    for (const look of waiting) look();
    const status = subscriber.answer(told);
    if (status === undefined) return;
    const { challenge } = told.body;
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(challenge === undefined ? undefined : JSON.stringify({ challenge }));
  };
  const server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const subscriber: Subscriber = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/platform`,
    told: [],
    answer: () => 200,
    of: (type) => subscriber.told.filter(({ body }) => body.type === type),
    until: (type, count = 1) =>
      new Promise((resolve) => {
        const look = () => {
          if (subscriber.of(type).length < count) return;
          waiting.delete(look);
          resolve(subscriber.of(type));
        };
        waiting.add(look);
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return subscriber;
};
