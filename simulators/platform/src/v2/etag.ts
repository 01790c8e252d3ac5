/** Entity tags of v2: strong, and made of the representation itself. */
import { createHash } from 'node:crypto';
import type { Answer, Call } from '../exchange.ts';
import { problem } from './problem.ts';

export const etagOf = (body: unknown): string =>
  `"${createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 22)}"`;

const opaque = (tag: string): string => tag.replace(/^W\//, '');

/** 304 for a client that has this very representation. */
export const tagged = (body: unknown, call: Call): Answer => {
  const etag = etagOf(body);
  const known = call.received.headers['if-none-match'];
  return known !== undefined && opaque(known) === etag
    ? { status: 304, headers: { ETag: etag } }
    : { status: 200, headers: { ETag: etag }, body };
};

/** The refusal of a change that is based on another representation than `body`; undefined when it may go on. */
export const refuseOutdated = (body: unknown, call: Call): Answer | undefined => {
  const wanted = call.received.headers['if-match'];
  if (wanted === undefined) return problem('precondition-required', { traceId: call.traceId });
  return wanted === '*' || wanted === etagOf(body)
    ? undefined
    : problem('precondition-failed', { traceId: call.traceId });
};
