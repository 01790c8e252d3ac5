import { HouseError } from '../errors.ts';

/** PostgreSQL has no text with a NUL in it; whoever sent one, in an id for example, made a mistake, not we. */
const CHARACTER_NOT_IN_REPERTOIRE = '22021';

/** For the drivers: an error of a statement as the rest of the house is told of it. */
export const statementError = (error: unknown): unknown =>
  (error as { code?: unknown })?.code === CHARACTER_NOT_IN_REPERTOIRE
    ? new HouseError('BAD_USER_INPUT', { cause: error })
    : error;
