/**
 * `npm run api-key`: the keys by which machine clients sign in.
 *
 * stdout carries the new key (or, with --json, one JSON value) and nothing else. Exit code 1: it could not be done, and
 * stderr says why; 2: the command was not understood.
 */
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { watchPeppers } from '@house/gateway/authenticate/api-key-peppers';
import { createApiKeys } from '@house/gateway/authenticate/api-keys';
import { openDatabase } from '@house/kernel/database';
import { requireNode } from '@house/kernel/runtime';
import { createTelemetry } from '@house/kernel/telemetry';
import { ensureApiKeyPepper } from './house/api-key-pepper.ts';
import { createApiKeyCommands, readApiKeyCommand, UsageError } from './operator/api-keys.ts';
import { askHouse, OperatorRefusal, type OperatorRequest } from './operator/socket.ts';
import { table } from './operator/table.ts';

const HELP = `npm run --silent api-key -- issue | list | rotate <id> | revoke <id> [--json]

  issue   gives out a key and prints it, this once: nobody can show it again
            --client <name>        who gets it; one client has two active keys at most
            --complex <id>         the one complex that it reads
            --scopes "<scope> …"   what it may read: premises:read access:read
            --networks <cidr>,…    from where: 10.0.0.0/8,192.0.2.7; anywhere is 0.0.0.0/0,::/0
            --days <1 to 90>       how long it lives
            --certificate <sha256> only on connections with this client certificate
  list    all keys, or those of --client <name>
  rotate  gives out another on the same terms; the old one ends after --overlap-hours (24; 0 to 168)
            --days <1 to 90>       as long as the old one was given when left out
  revoke  ends a key; every gateway refuses it within ten seconds

It asks the house that runs on DATA_DIR (.data), or goes straight to DATABASE_URL with the file API_KEY_PEPPER; NODE_ENV says
whether keys are for development or for production. What you do is written down with your account's name. More: docs/api-keys.md.
`;

requireNode();

type Shown = Record<string, unknown>;

const COLUMNS = ['id', 'client', 'complex', 'state', 'scopes', 'networks', 'expiresAt', 'lastUsedAt', 'pepper'];

const atDatabase = async (url: string, request: OperatorRequest): Promise<unknown> => {
  const { NODE_ENV = 'development', DATA_DIR = '.data', API_KEY_PEPPER } = process.env;
  const clock = (): Date => new Date();
  const { log } = createTelemetry({ service: 'api-key', level: 'info' });
  const isProduction = NODE_ENV === 'production';
  if (isProduction && !API_KEY_PEPPER) throw new OperatorRefusal('Name the file of the pepper: API_KEY_PEPPER.');
  const file = API_KEY_PEPPER || ensureApiKeyPepper(DATA_DIR, randomBytes);
  const peppers = watchPeppers({ file, clock, log });
  // Takes a second to load, and only this way in needs it.
  const { migrateGateway } = await import('@house/gateway/gateway');
  const database = await openDatabase({ url });
  try {
    await migrateGateway(database);
    const apiKeys = { peppers, environment: isProduction ? ('live' as const) : ('dev' as const) };
    const serve = createApiKeyCommands(createApiKeys({ apiKeys, database, clock, random: randomBytes, log }));
    return JSON.parse(JSON.stringify(await serve(request)));
  } finally {
    await database.close();
  }
};

const show = (verb: string, result: unknown): void => {
  if (verb === 'list') {
    process.stdout.write(`${table(COLUMNS, result as Shown[])}\n`);
    return;
  }
  const { key, id, client, expiresAt } = result as Shown;
  if (key === undefined) {
    process.stdout.write(`revoked ${id}\n`);
    return;
  }
  process.stderr.write(`The key ${id} of ${client} ends at ${expiresAt}. It is shown this once.\n`);
  process.stdout.write(`${key}\n`);
};

const main = async (given: readonly string[]): Promise<void> => {
  const words = given.filter((word) => word !== '--json');
  if (words.length === 0 || words.includes('--help')) {
    process.stdout.write(HELP);
    process.exitCode = words.length === 0 ? 2 : 0;
    return;
  }
  const { verb } = readApiKeyCommand(words);
  const { DATABASE_URL, DATA_DIR = '.data' } = process.env;
  const request = { command: 'api-key', arguments: words, actor: userInfo().username };
  const result = await (DATABASE_URL ? atDatabase(DATABASE_URL, request) : askHouse(DATA_DIR, request));
  if (given.includes('--json')) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else show(verb, result);
};

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof OperatorRefusal ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
