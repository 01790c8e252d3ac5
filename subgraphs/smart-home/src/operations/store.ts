import type { Database, Queryable } from '@house/kernel/database';
import type { ErrorCode } from '@house/kernel/errors';
import type { Change, CommandState } from '@house/kernel/outbox';
import type { PlatformVersion } from '../platform/platform.ts';

export type OperationKind = 'OPEN' | 'VEHICLE_ADD' | 'VEHICLE_REMOVE';

export type OperationRecord = {
  id: string;
  kind: OperationKind;
  state: CommandState;
  subject: string;
  premisesId: string;
  objectId: string;
  inputSha256: Buffer;
  createdAt: Date;
  deadline: Date;
  attempts: number;
  finishedAt: Date | null;
  errorCode: ErrorCode | null;
  platformVersion: string | null;
};

export type NewOperation = Pick<
  OperationRecord,
  'id' | 'kind' | 'subject' | 'premisesId' | 'objectId' | 'inputSha256' | 'createdAt' | 'deadline'
> & {
  idempotencyKey: string;
};

export type PageQuery = {
  subject: string;
  premisesId: string;
  state: CommandState | null;
  limit: number;
  after: { createdAt: Date; id: string } | null;
};

export type OperationStore = {
  byKey(subject: string, idempotencyKey: string, on?: Queryable): Promise<OperationRecord | undefined>;
  byIds(ids: readonly string[]): Promise<(OperationRecord | undefined)[]>;
  /** Newest first, after `after` when given. Pages that differ in their premises only are one statement. */
  pages(queries: readonly PageQuery[]): Promise<OperationRecord[][]>;
  /** False when the subject has used the key already; waits for a concurrent use of it to commit. */
  insert(transaction: Queryable, operation: NewOperation): Promise<boolean>;
  /** Writes what delivery came to, in the transaction in which it became true. */
  record(transaction: Queryable, change: Change): Promise<void>;
  setPlatformVersion(id: string, version: PlatformVersion): Promise<void>;
  /** By which version the operation was last sent or asked about. */
  platformVersionOf(id: string): Promise<PlatformVersion | undefined>;
};

type OperationRow = {
  id: string;
  kind: OperationKind;
  state: CommandState;
  subject: string;
  premises_id: string;
  object_id: string;
  input_sha256: Uint8Array;
  created_at: Date;
  deadline: Date;
  attempts: number;
  finished_at: Date | null;
  error_code: ErrorCode | null;
  platform_version: string | null;
};

const COLUMNS =
  'id, kind, state, subject, premises_id, object_id, input_sha256, created_at, deadline, attempts, finished_at, error_code, platform_version';

const toRecord = (row: OperationRow): OperationRecord => ({
  id: row.id,
  kind: row.kind,
  state: row.state,
  subject: row.subject,
  premisesId: row.premises_id,
  objectId: row.object_id,
  inputSha256: Buffer.from(row.input_sha256),
  createdAt: row.created_at,
  deadline: row.deadline,
  attempts: row.attempts,
  finishedAt: row.finished_at,
  errorCode: row.error_code,
  platformVersion: row.platform_version,
});

/** States in which nothing more will happen; UNKNOWN_OUTCOME may still become known. */
const FINISHED: ReadonlySet<CommandState> = new Set(['SUCCEEDED', 'FAILED', 'EXPIRED', 'CANCELLED']);

export const createOperationStore = ({ database }: { database: Database }): OperationStore => ({
  byKey: async (subject, idempotencyKey, on = database) => {
    const [row] = await on.query<OperationRow>(
      `SELECT ${COLUMNS} FROM smart_home.operations WHERE subject = $1 AND idempotency_key = $2`,
      [subject, idempotencyKey],
    );
    return row && toRecord(row);
  },
  byIds: async (ids) => {
    const rows = await database.query<OperationRow>(`SELECT ${COLUMNS} FROM smart_home.operations WHERE id = ANY($1)`, [
      ids,
    ]);
    const found = new Map(rows.map((row) => [row.id, toRecord(row)]));
    return ids.map((id) => found.get(id));
  },
  pages: async (queries) => {
    const shapeOf = ({ premisesId: _, ...shape }: PageQuery): string => JSON.stringify(shape);
    const found = new Map<PageQuery, OperationRecord[]>();
    for (const alike of Map.groupBy(queries, shapeOf).values()) {
      const [query] = alike;
      if (!query) continue;
      const { subject, state, limit, after } = query;
      const rows = await database.query<OperationRow>(
        `SELECT page.* FROM unnest($1::text[]) AS wanted (id) CROSS JOIN LATERAL (
           SELECT ${COLUMNS} FROM smart_home.operations
           WHERE premises_id = wanted.id AND subject = $2 AND ($3::text IS NULL OR state = $3)
             AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5))
           ORDER BY created_at DESC, id DESC LIMIT $6
         ) page ORDER BY created_at DESC, id DESC`,
        [
          [...new Set(alike.map(({ premisesId }) => premisesId))],
          subject,
          state,
          after?.createdAt ?? null,
          after?.id ?? null,
          limit,
        ],
      );
      const byPremises = Map.groupBy(rows.map(toRecord), ({ premisesId }) => premisesId);
      for (const one of alike) found.set(one, byPremises.get(one.premisesId) ?? []);
    }
    return queries.map((query) => found.get(query) ?? []);
  },
  insert: async (transaction, operation) => {
    const rows = await transaction.query(
      `INSERT INTO smart_home.operations (id, kind, state, subject, premises_id, object_id, idempotency_key, input_sha256, created_at, deadline)
       VALUES ($1, $2, 'ACCEPTED', $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (subject, idempotency_key) DO NOTHING RETURNING id`,
      [
        operation.id,
        operation.kind,
        operation.subject,
        operation.premisesId,
        operation.objectId,
        operation.idempotencyKey,
        operation.inputSha256,
        operation.createdAt,
        operation.deadline,
      ],
    );
    return rows.length > 0;
  },
  record: async (transaction, { command, state, code, at }) => {
    await transaction.query(
      'UPDATE smart_home.operations SET state = $2, attempts = $3, error_code = $4, finished_at = $5 WHERE id = $1',
      [command.id, state, command.attempts, code, FINISHED.has(state) ? at : null],
    );
  },
  platformVersionOf: async (id) => {
    const [row] = await database.query<{ platform_version: PlatformVersion | null }>(
      'SELECT platform_version FROM smart_home.operations WHERE id = $1',
      [id],
    );
    return row?.platform_version ?? undefined;
  },
  setPlatformVersion: async (id, version) => {
    await database.query('UPDATE smart_home.operations SET platform_version = $2 WHERE id = $1', [id, version]);
  },
});
