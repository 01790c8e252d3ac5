/** `npm run dlq`: what could not be delivered in its time, and what becomes of it. */
import { userInfo } from 'node:os';
import { openDatabase } from '@house/kernel/database';
import { createDeadLetters, migrateOutbox } from '@house/kernel/outbox';
import { requireNode } from '@house/kernel/runtime';
import { createOperationStore } from '@house/smart-home/operations/operations';
import { createDeadLetterCommands } from './operator/dead-letters.ts';
import { askHouse, OperatorRefusal, type OperatorRequest } from './operator/socket.ts';

const HELP = `npm run dlq -- list | show <id> | replay <id> | discard <id> [--json]

A write that the platform did not take within a day is told to its owner as NOT_DELIVERED and waits here.

  list      all of them, oldest first
  show      one, whole
  replay    delivers it again under the same key: the platform sees a repeat, not a second intent
  discard   leaves it undelivered

It asks the house that runs on DATA_DIR (.data), or goes straight to DATABASE_URL. What you decide is written down with
your account's name.
`;

requireNode();

const table = (rows: readonly Record<string, unknown>[]): string => {
  if (rows.length === 0) return 'none';
  const columns = ['id', 'kind', 'attempts', 'createdAt', 'deadAt'] as const;
  const cells = [[...columns], ...rows.map((row) => columns.map((column) => String(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  return cells
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

const atDatabase = async (url: string, request: OperatorRequest): Promise<unknown> => {
  const database = await openDatabase({ url });
  try {
    await migrateOutbox(database);
    const deadLetters = createDeadLetters({ database, record: createOperationStore({ database }).record });
    return JSON.parse(
      JSON.stringify(await createDeadLetterCommands({ deadLetters, clock: () => new Date() })(request)),
    );
  } finally {
    await database.close();
  }
};

const main = async (words: readonly string[]): Promise<void> => {
  const [command, ...rest] = words.filter((word) => word !== '--json');
  if (command === undefined || words.includes('--help')) {
    process.stdout.write(HELP);
    process.exitCode = command === undefined && !words.includes('--help') ? 2 : 0;
    return;
  }
  const request = { command, arguments: rest, actor: userInfo().username };
  const { DATABASE_URL, DATA_DIR = '.data' } = process.env;
  const result = DATABASE_URL ? await atDatabase(DATABASE_URL, request) : await askHouse(DATA_DIR, request);
  const shown =
    command === 'list' && !words.includes('--json')
      ? table(result as Record<string, unknown>[])
      : JSON.stringify(result, null, 2);
  process.stdout.write(`${shown}\n`);
};

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof OperatorRefusal ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
