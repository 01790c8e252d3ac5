/**
 * `npm run token -- --user <handle>`: asks the running authorization server for an access token, as the app would.
 *
 * stdout carries the token (or, with --json, one JSON object) and nothing else. Exit code 1: no token, and stderr
 * says what to do; 2: the command was not understood.
 */
import { parseArgs } from 'node:util';
import { ObtainTokenError, obtainToken } from '@house/authorization-server/obtain-token';

const USAGE = `Usage: npm run --silent token -- --user <handle> [--dpop] [--scope "…"] [--json]

  --user   who signs in: owner-a12, resident-a12, concierge-a … (an unknown handle lists them all)
  --scope  space separated; everything the person's roles hold when left out
  --dpop   bind the token to a fresh key; add --json to get the key
  --json   print {access_token, expires_in, dpop_jwk?}; dpop_jwk is the private key

The server is AUTH_ISSUER, or http://127.0.0.1:$AUTH_PORT (4002). Without --silent npm prints its own two lines first.
`;

const readOptions = (argv: string[]) => {
  const { values } = parseArgs({
    args: argv,
    options: {
      user: { type: 'string' },
      scope: { type: 'string' },
      dpop: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (!values.help && !values.user) throw new Error('--user <handle> is missing');
  return { ...values, user: values.user ?? '' };
};

const say = (line: string) => process.stderr.write(`${line}\n`);

const leftOut = (scope: string | undefined, token: string): string[] => {
  const claims: { scope?: string } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  const granted = new Set(claims.scope?.split(' '));
  return (scope?.split(/\s+/) ?? []).filter((name) => name !== '' && !granted.has(name));
};

const run = async (argv: string[], env: NodeJS.ProcessEnv): Promise<number> => {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions(argv);
  } catch (error) {
    say(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  const { user, scope, dpop, json, help } = options;
  if (help) {
    process.stdout.write(USAGE);
    return 0;
  }

  const issuer = env.AUTH_ISSUER || `http://127.0.0.1:${env.AUTH_PORT || '4002'}`;
  try {
    const token = await obtainToken({ issuer, user, scope, dpop });
    const missing = leftOut(scope, token.access_token);
    if (missing.length > 0) say(`left out, since no role of ${user} holds it: ${missing.join(' ')}`);
    if (dpop && !json) say('the token is bound to a key that only --json prints');
    process.stdout.write(`${json ? JSON.stringify(token) : token.access_token}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ObtainTokenError)) throw error;
    say(`No token: ${error.message}.`);
    if (error.code === 'UNREACHABLE') {
      say('Is the house running? Start it with "npm start", or name its server by AUTH_PORT or AUTH_ISSUER.');
    }
    return 1;
  }
};

process.exitCode = await run(process.argv.slice(2), process.env);
