/** Lists of v2: `{items, next}` behind an opaque cursor. */
import type { Answer, Call } from '../exchange.ts';
import { problem } from './problem.ts';

const DEFAULT_LIMIT = 50;

const encode = (offset: number): string => Buffer.from(`from ${offset}`).toString('base64url');
const decode = (cursor: string): number | undefined => {
  const offset = /^from (\d{1,9})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'))?.[1];
  return offset === undefined ? undefined : Number(offset);
};

/** The page that the call asks for; a cursor that we did not make is refused. */
export const page = <Item>(items: readonly Item[], present: (item: Item) => unknown, call: Call): Answer => {
  const { limit = DEFAULT_LIMIT, cursor } = call.query as { limit?: number; cursor?: string };
  const from = cursor === undefined ? 0 : decode(cursor);
  if (from === undefined) return problem('invalid-request', { traceId: call.traceId, detail: 'query/cursor' });
  const until = from + limit;
  return {
    status: 200,
    body: { items: items.slice(from, until).map(present), next: until < items.length ? encode(until) : null },
  };
};
