/** What somebody who does not know the secret may send, and what the platform would never send: none of it is taken. */
import {
  type Delivery,
  deliveryOf,
  macOf,
  NOW_SECONDS,
  OTHER_SECRET,
  SECRET,
  type Sent,
  sentOf,
  signatureOf,
} from './deliveries.ts';

export type HostileWebhook = { name: string; status: number; outcome: string; sent: Sent };

const good = deliveryOf();
const signature = signatureOf(good);
const digest = signature.slice('v1,'.length);
const wrong = signatureOf(good, OTHER_SECRET);

const refused =
  (outcome: string) =>
  (name: string, sent: Sent): HostileWebhook => ({
    name,
    status: 401,
    outcome: `refused-${outcome}`,
    sent,
  });
const withHeader = (name: string, value: string | readonly string[]): Sent =>
  sentOf(good, { headers: { [name]: value } });
const without = (name: string): Sent => {
  const { [name]: _, ...headers } = sentOf(good).headers;
  return { headers, body: good.body };
};
const signedAt = (timestamp: string): Sent => sentOf(deliveryOf({ timestamp }));
const signatures = (value: string): Sent => withHeader('Webhook-Signature', value);

/** One whose signature is written otherwise in the variants of base64. */
const written = Array.from({ length: 100 }, (_, index) => deliveryOf({ id: `evt_${index}` })).find((delivery) =>
  /[+/]/.test(signatureOf(delivery).slice('v1,'.length)),
) as Delivery;
const nextDigit = (digit: string): string => String.fromCharCode(digit.charCodeAt(0) + 1);

const id = refused('id');
const timestamp = refused('timestamp');
const stale = refused('stale');
const missing = refused('signature-missing');
const forged = refused('signature');
const moved = deliveryOf({ id: 'evt_a', timestamp: String(NOW_SECONDS) });

export const HOSTILE_WEBHOOKS: readonly HostileWebhook[] = [
  id('no id', without('Webhook-Id')),
  id('two ids, both right', withHeader('Webhook-Id', [good.id, good.id])),
  id('an empty id', sentOf(deliveryOf({ id: '' }))),
  id('an id with a space in it', sentOf(deliveryOf({ id: 'evt a' }))),
  id('an id that is not ASCII', sentOf(deliveryOf({ id: 'evt_é' }))),
  id('an id of 201 characters', sentOf(deliveryOf({ id: 'e'.repeat(201) }))),

  timestamp('no timestamp', without('Webhook-Timestamp')),
  timestamp('two timestamps, both right', withHeader('Webhook-Timestamp', [good.timestamp, good.timestamp])),
  timestamp('an empty timestamp', signedAt('')),
  timestamp('a timestamp in milliseconds', signedAt(String(NOW_SECONDS * 1_000))),
  timestamp('a timestamp with a fraction', signedAt(`${NOW_SECONDS}.0`)),
  timestamp('a timestamp with an exponent', signedAt('1.77e9')),
  timestamp('a timestamp in hexadecimal', signedAt(`0x${NOW_SECONDS.toString(16)}`)),
  timestamp('a negative timestamp', signedAt(`-${NOW_SECONDS}`)),
  timestamp('a timestamp with a plus', signedAt(`+${NOW_SECONDS}`)),
  timestamp('a timestamp with a zero before it', signedAt(`0${NOW_SECONDS}`)),
  timestamp('a date', signedAt('2026-03-01T12:00:00Z')),
  stale('a good delivery of five minutes and a second ago', signedAt(String(NOW_SECONDS - 301))),
  stale('a good delivery of a day ago', signedAt(String(NOW_SECONDS - 86_400))),
  stale('a good delivery of five minutes and a second ahead', signedAt(String(NOW_SECONDS + 301))),
  stale('a timestamp of nought', signedAt('0')),

  missing('no signature', without('Webhook-Signature')),
  missing('two headers of signatures, both right', withHeader('Webhook-Signature', [signature, signature])),
  missing('an empty signature', signatures('')),
  missing('a version without a signature', signatures('v1,')),
  missing('a signature without its version', signatures(digest)),
  missing('the version in a capital letter', signatures(`V1,${digest}`)),
  missing('the asymmetric version', signatures(`v1a,${digest}`)),
  missing('a version that does not exist', signatures(`v2,${digest}`)),
  missing('another sign between version and signature', signatures(`v1=${digest}`)),
  missing('a signature in quotation marks', signatures(`"v1,${digest}"`)),
  missing('a signature without the end', signatures(signature.slice(0, -5))),
  missing('a signature without padding', signatures(signature.slice(0, -1))),
  missing('a signature with more padding', signatures(`${signature}=`)),
  missing(
    'the same bytes, written otherwise in the last digit',
    signatures(`${signature.slice(0, -2)}${nextDigit(signature.at(-2) ?? '')}=`),
  ),
  missing(
    'a signature in base64url',
    sentOf(written, { headers: { 'Webhook-Signature': `v1,${macOf(written).toString('base64url')}=` } }),
  ),
  missing('a signature in hexadecimal', signatures(`v1,${macOf(good).toString('hex')}`)),
  missing('more than the signature', signatures(`${signature}AAAA`)),
  missing('signatures with a comma between them', signatures(`${wrong},${signature}`)),
  missing('signatures with a tab between them', signatures(`${wrong}\t${signature}`)),
  missing('SHA-1', signatures(`v1,${macOf(good, { hash: 'sha1' }).toString('base64')}`)),
  missing('SHA-512', signatures(`v1,${macOf(good, { hash: 'sha512' }).toString('base64')}`)),

  forged('another secret', signatures(wrong)),
  forged('no secret at all', signatures(`v1,${macOf(good, { key: Buffer.alloc(0) }).toString('base64')}`)),
  forged(
    'the text of the secret for the key',
    signatures(`v1,${macOf(good, { key: Buffer.from(SECRET) }).toString('base64')}`),
  ),
  forged('SHA-512, cut', signatures(`v1,${macOf(good, { hash: 'sha512' }).subarray(0, 32).toString('base64')}`)),
  forged('zeros', signatures(`v1,${Buffer.alloc(32).toString('base64')}`)),
  forged(
    'one bit of the signature',
    signatures(`v1,${Buffer.from(macOf(good).map((byte, at) => (at === 31 ? byte ^ 1 : byte))).toString('base64')}`),
  ),
  forged('eleven signatures, of which the eleventh is right', signatures(`${`${wrong} `.repeat(10)}${signature}`)),
  forged('ten spaces before the signature that is right', signatures(`${wrong}${' '.repeat(10)}${signature}`)),
  forged('one byte of the body', { ...sentOf(good), body: good.body.replace('A123BC77', 'A123BC78') }),
  forged('a space behind the body', { ...sentOf(good), body: `${good.body} ` }),
  forged('a line feed for nothing in the body', { ...sentOf(good), body: good.body.replace(',', ',\n') }),
  forged('no body', { ...sentOf(good), body: '' }),
  forged('the body of another delivery', { ...sentOf(good), body: deliveryOf({ id: 'evt_b' }).body }),
  forged('the id of another delivery', withHeader('Webhook-Id', 'evt_b')),
  forged('another time of day', withHeader('Webhook-Timestamp', String(NOW_SECONDS - 60))),
  forged(
    'the signature of what was sent a minute before',
    signatures(signatureOf(deliveryOf({ timestamp: String(NOW_SECONDS - 60) }))),
  ),
  forged('the time moved into the id', sentOf(moved, { headers: { 'Webhook-Id': `evt_a.${NOW_SECONDS}` } })),
  forged(
    'a signature over the body alone',
    signatures(`v1,${macOf({ ...good, id: '', timestamp: '' }).toString('base64')}`),
  ),

  {
    name: 'a body of more than 100 kB, and signed well',
    status: 413,
    outcome: 'too-large',
    sent: sentOf(deliveryOf({ body: 'x'.repeat(100_001) })),
  },
  {
    name: 'the same without a length',
    status: 413,
    outcome: 'too-large',
    sent: { ...sentOf(deliveryOf({ body: 'x'.repeat(100_001) })), chunked: true },
  },
  { name: 'another method', status: 404, outcome: 'no-such-path', sent: { ...sentOf(good), method: 'PUT' } },
  {
    name: 'another path',
    status: 404,
    outcome: 'no-such-path',
    sent: { ...sentOf(good), path: '/webhooks/platform/' },
  },
  {
    name: 'a query',
    status: 404,
    outcome: 'no-such-path',
    sent: { ...sentOf(good), path: '/webhooks/platform?debug=1' },
  },
];
