/** `npm run dlq`: what could not be delivered in its time, and what becomes of it. */
import { userInfo } from 'node:os';
import { openDatabase } from '@house/kernel/database';
import { createDeadLetters, migrateOutbox } from '@house/kernel/outbox';
import { requireNode } from '@house/kernel/runtime';
import { createOperationStore } from '@house/smart-home/operations/operations';
import { createDeadLetterCommands } from './operator/dead-letters.ts';
import { askHouse, OperatorRefusal, type OperatorRequest } from './operator/socket.ts';
import { table } from './operator/table.ts';

const HELP = `npm run dlq -- list | overdue | show <id> | replay <id> | discard <id> [--json]

A write that the platform did not take within a day is told to its owner as NOT_DELIVERED and waits here. What the law
or safety demands is never given up: when it is late an alarm is raised, and it is shown here until it is done.

  list      what was not delivered, oldest first
  overdue   what is late and still being delivered, the nearest end of a term first
  show      one, whole
  replay    delivers it again under the same key: the platform sees a repeat, not a second intent
  discard   leaves it undelivered, the overdue too

It asks the house that runs on DATA_DIR (.data), or goes straight to DATABASE_URL. What you decide is written down with
your account's name.
`;

requireNode();

type Shown = Record<string, unknown>;

const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  list: ['id', 'kind', 'attempts', 'createdAt', 'deadAt'],
  overdue: ['id', 'class', 'kind', 'attempts', 'createdAt', 'notAfter', 'alarm'],
};

/** With the alarm that was raised last in a column of its own. */
const withAlarm = (row: Shown): Shown => ({
  ...row,
  alarm: (row['alarms'] as Shown[] | undefined)?.at(-1)?.['threshold'],
});

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
  const { DATABASE_URL, DATA_DIR = '.data' } = process.env;
  const ask = (asked: string, ids: readonly string[]): Promise<unknown> => {
    const request = { command: asked, arguments: [...ids], actor: userInfo().username };
    return DATABASE_URL ? atDatabase(DATABASE_URL, request) : askHouse(DATA_DIR, request);
  };
  const result = await ask(command, rest);
  const columns = words.includes('--json') ? undefined : COLUMNS[command];
  const shown = columns ? table(columns, (result as Shown[]).map(withAlarm)) : JSON.stringify(result, null, 2);
  process.stdout.write(`${shown}\n`);
  if (command !== 'list' || !columns) return;
  const late = (await ask('overdue', [])) as unknown[];
  if (late.length > 0) process.stderr.write(`Overdue besides: ${late.length}; dlq overdue shows them.\n`);
};

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof OperatorRefusal ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
