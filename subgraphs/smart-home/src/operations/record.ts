import type { Row } from '@house/kernel/database';
import type { ErrorCode } from '@house/kernel/errors';
import type { CommandState } from '@house/kernel/outbox';

export type OperationKind = 'OPEN' | 'VEHICLE_ADD' | 'VEHICLE_REMOVE';

export type OperationRecord = {
  id: string;
  kind: OperationKind;
  state: CommandState;
  subject: string;
  premisesId: string;
  objectId: string;
  createdAt: Date;
  deadline: Date;
  attempts: number;
  finishedAt: Date | null;
  errorCode: ErrorCode | null;
  platformVersion: string | null;
  /** The operation whose command opens for this one too; null: it has a command of its own, and leads. */
  follows: string | null;
};

export type OperationRow = Row & {
  id: string;
  kind: OperationKind;
  state: CommandState;
  subject: string;
  premises_id: string;
  object_id: string;
  created_at: Date;
  deadline: Date;
  attempts: number;
  finished_at: Date | null;
  error_code: ErrorCode | null;
  platform_version: string | null;
  follows: string | null;
};

/** What `toRecord` reads. */
export const COLUMNS = [
  'id',
  'kind',
  'state',
  'subject',
  'premises_id',
  'object_id',
  'created_at',
  'deadline',
  'attempts',
  'finished_at',
  'error_code',
  'platform_version',
  'follows',
].join(', ');

export const toRecord = (row: OperationRow): OperationRecord => ({
  id: row.id,
  kind: row.kind,
  state: row.state,
  subject: row.subject,
  premisesId: row.premises_id,
  objectId: row.object_id,
  createdAt: row.created_at,
  deadline: row.deadline,
  attempts: row.attempts,
  finishedAt: row.finished_at,
  errorCode: row.error_code,
  platformVersion: row.platform_version,
  follows: row.follows,
});

/**
 * What its person is shown. The time of an open may be over while an answer is still waited for: the command says so
 * itself only when that attempt has ended.
 */
export const shownState = ({ kind, state, deadline }: OperationRecord, now: Date): CommandState =>
  kind === 'OPEN' && state === 'SENT' && now >= deadline ? 'UNKNOWN_OUTCOME' : state;

/** `shownState` in SQL. @param now names the parameter. */
export const shownStateSql = (now: string): string =>
  `CASE WHEN kind = 'OPEN' AND state = 'SENT' AND deadline <= ${now} THEN 'UNKNOWN_OUTCOME' ELSE state END`;
