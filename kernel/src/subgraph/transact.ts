import type { Database, Queryable } from '../database/database.ts';
import { HouseError } from '../errors.ts';
import type { Deadline } from './deadline.ts';

/** PostgreSQL's word for a statement that was cancelled: nothing of its transaction is kept. */
const QUERY_CANCELED = '57014';

/**
 * A transaction that is committed within the request's time or not at all: it waits for nothing longer, and a commit is
 * not begun any more. What is left of a hop is for the commit, so that it is done before anybody is told that it is late.
 * @throws HouseError `DEADLINE_EXCEEDED`: nothing was stored.
 */
export const transactInTime = async <T>(
  database: Database,
  deadline: Deadline,
  work: (transaction: Queryable) => Promise<T>,
): Promise<T> => {
  const time = deadline.next();
  time.requireTime();
  try {
    return await database.transaction(
      async (transaction) => {
        const result = await work(transaction);
        time.requireTime();
        return result;
      },
      { statementLimitMs: time.leftMs() },
    );
  } catch (error) {
    if ((error as { code?: unknown })?.code !== QUERY_CANCELED) throw error;
    throw new HouseError('DEADLINE_EXCEEDED', { cause: error });
  }
};
