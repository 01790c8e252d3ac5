import type { Database, Queryable } from '@house/kernel/database';
import type { Change, CommandState } from '@house/kernel/outbox';
import type { PlatformVersion } from '../platform/platform.ts';
import { COLUMNS, type OperationRecord, type OperationRow, shownStateSql, toRecord } from './record.ts';

/** What the operation is: new, or, when it follows another, whatever that one is by now. */
export type NewOperation = Pick<
  OperationRecord,
  'id' | 'kind' | 'subject' | 'premisesId' | 'objectId' | 'createdAt' | 'deadline'
> & {
  /** Held by the transaction. */
  leader?: OperationRecord | undefined;
};

/** What a caller said when the operation was asked for. An operation may have been asked for under several. */
export type OperationKey = {
  subject: string;
  idempotencyKey: string;
  operationId: string;
  /** Tells a repeat from another intent under the same key. */
  inputSha256: Buffer;
  createdAt: Date;
};

export type PageQuery = {
  subject: string;
  premisesId: string;
  /** As it is shown now (record.ts). */
  state: CommandState | null;
  limit: number;
  after: { createdAt: Date; id: string } | null;
};

export type OperationStore = {
  byKey(
    subject: string,
    idempotencyKey: string,
    on?: Queryable,
  ): Promise<{ operation: OperationRecord; inputSha256: Buffer } | undefined>;
  byIds(ids: readonly string[]): Promise<(OperationRecord | undefined)[]>;
  /** Newest first, after `after` when given. Pages that differ in their premises only are one statement. */
  pages(queries: readonly PageQuery[], now: Date): Promise<OperationRecord[][]>;
  /**
   * False when the subject has used the key already; waits for a concurrent use of it to commit. The operation must be
   * there when the transaction ends.
   */
  putKey(transaction: Queryable, key: OperationKey): Promise<boolean>;
  insert(transaction: Queryable, operation: NewOperation): Promise<void>;
  /** Writes what delivery came to, in the transaction in which it became true. */
  record(transaction: Queryable, change: Change): Promise<void>;
  setPlatformVersion(id: string, version: PlatformVersion): Promise<void>;
  /** By which version the operation was last sent or asked about. */
  platformVersionOf(id: string): Promise<PlatformVersion | undefined>;
  /** The platform's own name of what it makes of the operation. */
  setPlatformRef(id: string, ref: string): Promise<void>;
  platformRefOf(id: string): Promise<string | null>;
};

/** States in which nothing more will happen; UNKNOWN_OUTCOME may still become known. */
const FINISHED: ReadonlySet<CommandState> = new Set(['SUCCEEDED', 'FAILED', 'EXPIRED', 'CANCELLED']);

const latest = (one: Date, other: Date): Date => (one > other ? one : other);

/** What is written in a transaction of somebody else's. */
const CHANGES: Pick<OperationStore, 'putKey' | 'insert' | 'record'> = {
  putKey: async (transaction, { subject, idempotencyKey, operationId, inputSha256, createdAt }) => {
    const rows = await transaction.query(
      `INSERT INTO smart_home.operation_keys (subject, idempotency_key, operation_id, input_sha256, created_at)
       VALUES ($1, $2, $3, $4, $5) ON CONFLICT (subject, idempotency_key) DO NOTHING RETURNING operation_id`,
      [subject, idempotencyKey, operationId, inputSha256, createdAt],
    );
    return rows.length > 0;
  },
  insert: async (transaction, { leader, ...operation }) => {
    await transaction.query(
      `INSERT INTO smart_home.operations (id, kind, state, subject, premises_id, object_id, created_at, deadline,
         finished_at, error_code, platform_version, follows)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        operation.id,
        operation.kind,
        leader?.state ?? 'ACCEPTED',
        operation.subject,
        operation.premisesId,
        operation.objectId,
        operation.createdAt,
        operation.deadline,
        // Nothing ends before it began.
        leader?.finishedAt ? latest(leader.finishedAt, operation.createdAt) : null,
        leader?.errorCode ?? null,
        leader?.platformVersion ?? null,
        leader?.id ?? null,
      ],
    );
  },
  record: async (transaction, { command, state, code, at }) => {
    await transaction.query(
      'UPDATE smart_home.operations SET state = $2, attempts = $3, error_code = $4, finished_at = $5 WHERE id = $1',
      [command.id, state, command.attempts, code, FINISHED.has(state) ? at : null],
    );
  },
};

export const createOperationStore = ({ database }: { database: Database }): OperationStore => ({
  ...CHANGES,
  byKey: async (subject, idempotencyKey, on = database) => {
    const [row] = await on.query<OperationRow & { input_sha256: Uint8Array }>(
      `SELECT ${COLUMNS}, input_sha256 FROM smart_home.operations JOIN (
         SELECT operation_id, input_sha256 FROM smart_home.operation_keys WHERE subject = $1 AND idempotency_key = $2
       ) used ON id = operation_id`,
      [subject, idempotencyKey],
    );
    return row && { operation: toRecord(row), inputSha256: Buffer.from(row.input_sha256) };
  },
  byIds: async (ids) => {
    const rows = await database.query<OperationRow>(`SELECT ${COLUMNS} FROM smart_home.operations WHERE id = ANY($1)`, [
      ids,
    ]);
    const found = new Map(rows.map((row) => [row.id, toRecord(row)]));
    return ids.map((id) => found.get(id));
  },
  pages: async (queries, now) => {
    const shapeOf = ({ premisesId: _, ...shape }: PageQuery): string => JSON.stringify(shape);
    const found = new Map<PageQuery, OperationRecord[]>();
    for (const alike of Map.groupBy(queries, shapeOf).values()) {
      const [query] = alike;
      if (!query) continue;
      const { subject, state, limit, after } = query;
      const rows = await database.query<OperationRow>(
        `SELECT page.* FROM unnest($1::text[]) AS wanted (id) CROSS JOIN LATERAL (
           SELECT ${COLUMNS} FROM smart_home.operations
           WHERE premises_id = wanted.id AND subject = $2 AND ($3::text IS NULL OR ${shownStateSql('$7::timestamptz')} = $3)
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
          now,
        ],
      );
      const byPremises = Map.groupBy(rows.map(toRecord), ({ premisesId }) => premisesId);
      for (const one of alike) found.set(one, byPremises.get(one.premisesId) ?? []);
    }
    return queries.map((query) => found.get(query) ?? []);
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
  setPlatformRef: async (id, ref) => {
    await database.query('UPDATE smart_home.operations SET platform_ref = $2 WHERE id = $1', [id, ref]);
  },
  platformRefOf: async (id) => {
    const [row] = await database.query<{ platform_ref: string | null }>(
      'SELECT platform_ref FROM smart_home.operations WHERE id = $1',
      [id],
    );
    return row?.platform_ref ?? null;
  },
});
