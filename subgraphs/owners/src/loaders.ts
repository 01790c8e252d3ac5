/**
 * Loaders of one request: keys that are asked for together become one statement, and no row is fetched twice.
 * Ids come from clients; one that cannot be an id of ours has no row and never reaches the database.
 */
import DataLoader from 'dataloader';

export type Loader<Value> = { load(key: string): Promise<Value> };

const ID = /^[A-Za-z0-9_-]{1,64}$/;

export const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value);

/** Resolves to the row or to null. */
export const createRowLoader = <Row>(
  fetch: (keys: readonly string[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
  isKey: (key: unknown) => boolean = isId,
): Loader<Row | null> => {
  const loader = new DataLoader<string, Row | null>(async (keys) => {
    const rows = new Map((await fetch(keys)).map((row) => [keyOf(row), row]));
    return keys.map((key) => rows.get(key) ?? null);
  });
  return { load: async (key) => (isKey(key) ? loader.load(key) : null) };
};

/** Resolves to all rows of the key, in the order of the statement. */
export const createListLoader = <Row>(
  fetch: (keys: readonly string[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): Loader<readonly Row[]> => {
  const loader = new DataLoader<string, readonly Row[]>(async (keys) => {
    const rows = Map.groupBy(await fetch(keys), keyOf);
    return keys.map((key) => rows.get(key) ?? []);
  });
  return { load: async (key) => (isId(key) ? loader.load(key) : []) };
};
