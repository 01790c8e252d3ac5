import type { Clock } from '@house/kernel/clock';
import { HouseError, userErrorOf } from '@house/kernel/errors';
import type { Resolvers } from '../generated/resolvers.ts';
import { membershipIn } from '../policy.ts';
import type { OperationRecord } from './record.ts';
import { shownState } from './record.ts';
import type { PageQuery } from './store.ts';

const PAGE_LIMIT = 100;
const NO_OPERATIONS = { edges: [], pageInfo: { hasNextPage: false, endCursor: null } };

const CURSOR = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z)\|(op_[\w-]{1,60})$/;

const encode = ({ createdAt, id }: OperationRecord): string =>
  Buffer.from(`${createdAt.toISOString()}|${id}`).toString('base64url');

const decode = (cursor: string): PageQuery['after'] => {
  const [, at = '', id = ''] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  const createdAt = new Date(at);
  if (Number.isNaN(createdAt.getTime()))
    throw new HouseError('BAD_USER_INPUT', { message: 'This cursor is not one of ours.', path: ['after'] });
  return { createdAt, id };
};

export const createOperationResolvers = ({ clock }: { clock: Clock }): Resolvers => ({
  Query: {
    // Another person's operation is null, exactly as if it did not exist.
    operation: async (_, { id }, { operation, principal }) => {
      const found = await operation.load(id);
      return found?.subject === principal.subject ? found : null;
    },
  },
  Operation: {
    __resolveReference: async ({ id }, { operation, principal }) => {
      const found = await operation.load(id);
      return found?.subject === principal.subject ? found : null;
    },
    state: (operation) => shownState(operation, clock()),
    error: (operation) => {
      const isUnanswered = shownState(operation, clock()) !== operation.state;
      const code = isUnanswered ? 'OUTCOME_UNKNOWN' : operation.errorCode;
      return code && userErrorOf(code);
    },
  },
  Premises: {
    operations: async ({ id }, { state, first, after }, { principal, standing, operationsOf }) => {
      if (first < 1 || first > PAGE_LIMIT)
        throw new HouseError('BAD_USER_INPUT', { message: `first lies between 1 and ${PAGE_LIMIT}.`, path: ['first'] });
      if (!membershipIn(await standing(), id, clock())) return NO_OPERATIONS;
      const found = await operationsOf.load({
        subject: principal.subject,
        premisesId: id,
        state: state ?? null,
        limit: first + 1,
        after: after ? decode(after) : null,
      });
      const shown = found.slice(0, first);
      const last = shown.at(-1);
      return {
        edges: shown.map((node) => ({ node, cursor: encode(node) })),
        pageInfo: { hasNextPage: found.length > first, endCursor: last ? encode(last) : null },
      };
    },
  },
});
