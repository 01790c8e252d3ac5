/** What may come in at all: cheap refusals of what could not be GraphQL over HTTP, before any cryptography. */
import type { IncomingMessage } from 'node:http';
import { MIMEType } from 'node:util';
import { HttpRefusal } from '../refusal.ts';
import type { RequestStep } from '../request-path.ts';

export type AdmitLimits = {
  /** The app's largest request has 4 kB. */
  readonly bodyBytes: number;
  /** Objects and lists in one another; graphql-js and JSON.stringify call themselves for each. */
  readonly jsonDepth: number;
};

export const ADMIT_LIMITS: AdmitLimits = { bodyBytes: 100_000, jsonDepth: 32 };

/**
 * A body that is too large is read to its end up to this size and thrown away, so that the client gets to read the
 * answer; beyond it the connection is cut.
 */
const DISCARD_LIMIT_BYTES = 8_000_000;

const tooLarge = (): HttpRefusal =>
  new HttpRefusal('BAD_USER_INPUT', {
    status: 413,
    message: 'The request body is larger than 100 kB.',
    headers: { connection: 'close' },
  });

const readBytes = async (incoming: IncomingMessage, limitBytes: number): Promise<Buffer> => {
  if (Number(incoming.headers['content-length']) > DISCARD_LIMIT_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limitBytes) chunks.push(chunk);
    else if (size > DISCARD_LIMIT_BYTES) break;
  }
  if (size > limitBytes) throw tooLarge();
  return Buffer.concat(chunks);
};

const isJson = (contentType: string | undefined): boolean => {
  if (contentType === undefined) return false;
  try {
    const { essence, params } = new MIMEType(contentType);
    return essence === 'application/json' && /^utf-?8$/i.test(params.get('charset') ?? 'utf-8');
  } catch {
    return false;
  }
};

const isDeeperThan = (value: unknown, depth: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth === 0 || Object.values(value).some((inner) => isDeeperThan(inner, depth - 1)));

const parseBody = (bytes: Buffer, { jsonDepth }: AdmitLimits): Readonly<Record<string, unknown>> => {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new HttpRefusal('BAD_USER_INPUT', { message: 'The request body is not JSON in UTF-8.' });
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new HttpRefusal('BAD_USER_INPUT', {
      message: 'The request body is one JSON object; batches are not accepted.',
    });
  // Apollo Server would answer this with advice that names what it is made of.
  if ('query' in body && body.query !== null && typeof body.query !== 'string')
    throw new HttpRefusal('BAD_USER_INPUT', { message: 'The query of the request is a text.' });
  if (isDeeperThan(body, jsonDepth))
    throw new HttpRefusal('BAD_USER_INPUT', { message: `The request body nests deeper than ${jsonDepth}.` });
  return body as Readonly<Record<string, unknown>>;
};

/** GET and POST with JSON, in this order of refusal: method 405, media type 415, size 413, JSON 400. */
export const admit =
  (limits: AdmitLimits): RequestStep =>
  async (exchange) => {
    const { method, headers } = exchange.incoming;
    if (method === 'GET') return exchange;
    if (method !== 'POST')
      throw new HttpRefusal('BAD_USER_INPUT', {
        status: 405,
        headers: { allow: 'GET, POST' },
        message: 'Use POST, or GET for a query.',
      });
    if (!isJson(headers['content-type']))
      throw new HttpRefusal('BAD_USER_INPUT', {
        status: 415,
        message: 'The request body is application/json in UTF-8.',
      });
    if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity')
      throw new HttpRefusal('BAD_USER_INPUT', { status: 415, message: 'The request body is not compressed.' });
    return { ...exchange, body: parseBody(await readBytes(exchange.incoming, limits.bodyBytes), limits) };
  };
