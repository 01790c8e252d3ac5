/** Deliveries as the platform makes them, made by hand: Standard Webhooks in a few lines, so that nothing of ours vouches for itself. */
import { createHmac } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';

export const NOW = new Date('2026-03-01T12:00:00Z');
export const NOW_SECONDS = NOW.getTime() / 1_000;
export const SECRET = `whsec_${Buffer.alloc(32, 'a secret').toString('base64')}`;
export const OTHER_SECRET = `whsec_${Buffer.alloc(32, 'another').toString('base64')}`;

export type Delivery = { id: string; timestamp: string; body: string };
export type Sent = {
  method?: string;
  path?: string;
  /** A list is sent as so many headers. */
  headers: Readonly<Record<string, string | readonly string[]>>;
  body: string;
  chunked?: boolean;
  /** Whose; that of the house when left out. */
  from?: string;
};

export const eventOf = (over: Record<string, unknown> = {}): string =>
  JSON.stringify({
    id: '01JNV9Z8Y7X6W5V4T3S2R1Q0P9',
    type: 'vehicle.recognised',
    apiVersion: '2026-06-01',
    siteId: 17,
    occurredAt: '2026-03-01T11:59:59.500Z',
    sequence: 1,
    data: { plate: { country: 'RU', canonical: 'A123BC77' } },
    ...over,
  });

export const deliveryOf = (over: Partial<Delivery> = {}): Delivery => {
  const id = over.id ?? '01JNV9Z8Y7X6W5V4T3S2R1Q0P9';
  return { id, timestamp: String(NOW_SECONDS), body: eventOf({ id }), ...over };
};

/** @param key of the MAC, when it is not what the secret stands for. */
export const macOf = (
  { id, timestamp, body }: Delivery,
  { secret = SECRET, key = Buffer.from(secret.slice('whsec_'.length), 'base64'), hash = 'sha256' } = {},
): Buffer => createHmac(hash, key).update(`${id}.${timestamp}.${body}`).digest();

export const signatureOf = (delivery: Delivery, secret = SECRET): string =>
  `v1,${macOf(delivery, { secret }).toString('base64')}`;

/** As it is to be sent, with whatever is to be different. */
export const sentOf = (delivery: Delivery, { headers, ...over }: Partial<Sent> = {}): Sent => ({
  headers: {
    'Webhook-Id': delivery.id,
    'Webhook-Timestamp': delivery.timestamp,
    'Webhook-Signature': signatureOf(delivery),
    ...headers,
  },
  body: delivery.body,
  ...over,
});

export const send = (
  url: string,
  { method = 'POST', path, headers, body, chunked = false, from }: Sent,
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> =>
  new Promise((resolve, reject) => {
    const { hostname, port, pathname } = new URL(url);
    const outgoing = request({
      ...{ hostname, port, method, path: path ?? pathname, agent: false },
      ...(from !== undefined && { localAddress: from }),
    });
    outgoing.setHeader('Content-Type', 'application/json');
    if (!chunked) outgoing.setHeader('Content-Length', Buffer.byteLength(body));
    for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      let text = '';
      incoming.on('data', (chunk) => {
        text += String(chunk);
      });
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
    });
    outgoing.end(body);
  });
