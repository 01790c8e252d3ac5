/** `npm run schema`: one command line, read here and nowhere else. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Clock } from '@house/kernel/clock';
import { check, type Report } from './check.ts';
import { compose, SUPERGRAPH_FILE } from './compose.ts';
import { type Problem, renderProblems } from './problem.ts';
import { publish } from './publish.ts';
import { type Environment, pushToGraphOs } from './rover.ts';

const HELP = `npm run schema -- compose | check | publish <name> [--json]

  compose         composes schema/subgraphs into schema/supergraph.graphql
  check           fails when the schema may not be merged: it does not compose, breaks an installed app, leaves a root
                  field open, or a file is missing or stale; says what, where and how to mend it
  publish <name>  checks, then writes the next schema/registry/NNNN-name/; pushes to Apollo GraphOS with rover when
                  APOLLO_KEY and APOLLO_GRAPH_REF are set and rover is on the PATH

  --json          one JSON object on stdout instead of text
  --help          this text
`;

/** What a command found: `ok` decides the exit code; `lines` are for people, `details` for --json. */
type Outcome = { ok: boolean; problems: readonly Problem[]; lines: string[]; details?: Record<string, unknown> };

export type SchemaCommand = {
  /** The repository's root. */
  root: string;
  args: readonly string[];
  env: Environment;
  clock: Clock;
  out: (text: string) => void;
  error: (text: string) => void;
};

const failed = (problems: readonly Problem[]): Outcome => ({ ok: false, problems, lines: [] });

/** Answers the exit code: 0, or 1 when there is a problem or the command line cannot be read. */
export const runSchemaCommand = (command: SchemaCommand): number => {
  const { out, error } = command;
  try {
    const { values, positionals } = parseArgs({
      args: [...command.args],
      allowPositionals: true,
      options: { json: { type: 'boolean' }, help: { type: 'boolean' } },
    });
    const [verb = '', name = ''] = positionals;
    if (values.help) {
      out(HELP);
      return 0;
    }
    const run = VERBS[verb];
    if (!run) {
      error(HELP);
      return 1;
    }
    const outcome = run(command, name);
    if (values.json) out(`${JSON.stringify({ command: verb, ...json(outcome) }, null, 2)}\n`);
    else print(command, verb, outcome);
    return outcome.ok ? 0 : 1;
  } catch (cause) {
    if (!isCommandLineError(cause)) throw cause;
    error(`${cause.message}\n\n${HELP}`);
    return 1;
  }
};

const isCommandLineError = (cause: unknown): cause is Error =>
  typeof cause === 'object' &&
  cause !== null &&
  'code' in cause &&
  typeof cause.code === 'string' &&
  cause.code.startsWith('ERR_PARSE_ARGS');

const json = ({ ok, problems, details }: Outcome): Record<string, unknown> => ({ ok, problems, ...details });

const print = ({ out, error }: SchemaCommand, verb: string, { problems, lines }: Outcome): void => {
  if (lines.length > 0) out(`${lines.join('\n')}\n`);
  if (problems.length === 0) return;
  error(
    `${renderProblems(problems)}\n\nschema ${verb}: ${problems.length} problem${problems.length === 1 ? '' : 's'}\n`,
  );
};

const runCompose = ({ root }: SchemaCommand): Outcome => {
  const composition = compose(root);
  if (!composition.ok) return failed(composition.problems);
  writeFileSync(join(root, SUPERGRAPH_FILE), composition.composed.supergraph);
  return {
    ok: true,
    problems: [],
    lines: [`schema compose: wrote ${SUPERGRAPH_FILE}`],
    details: { file: SUPERGRAPH_FILE },
  };
};

const runCheck = ({ root }: SchemaCommand): Outcome => {
  const report = check(root);
  const ok = report.problems.length === 0;
  const unseen = report.composed ? [] : ['the documents, the published API and schema/supergraph.graphql'];
  const lines = [
    ...report.allowed.map(({ break: { description }, record }) => `allowed by ${record}: ${description}`),
    ...unseen.map((what) => `not looked at, since the subgraphs do not compose: ${what}`),
    ...(ok ? [summaryOf(report)] : []),
  ];
  return { ok, problems: report.problems, lines, details: { ...countsOf(report), allowed: report.allowed, unseen } };
};

const countsOf = ({ rooms, documents, publications }: Report) => ({
  rooms,
  documents: documents.length,
  publications: publications.length,
  last: publications.at(-1)?.folder ?? null,
});

const summaryOf = (report: Report): string => {
  const { rooms, documents, publications, last } = countsOf(report);
  return `schema check: ok (${rooms} rooms, ${documents} documents, ${publications} published${last ? `, last ${last}` : ''})`;
};

const runPublish = ({ root, env, clock }: SchemaCommand, name: string): Outcome => {
  const published = publish({ root, name, now: clock() });
  if (!published.ok) return failed(published.problems);
  const { folder } = published;
  const push = pushToGraphOs(root, folder, env);
  const lines = [`schema publish: wrote ${folder}`];
  if (push.outcome === 'pushed') lines.push(`pushed to Apollo GraphOS as ${push.graph}`);
  if (push.outcome === 'skipped') lines.push(`not pushed to Apollo GraphOS: ${push.why}`);
  const problems = push.outcome === 'failed' ? push.problems : [];
  return { ok: problems.length === 0, problems, lines, details: { folder, push } };
};

const VERBS: Readonly<Record<string, (command: SchemaCommand, name: string) => Outcome>> = {
  compose: runCompose,
  check: runCheck,
  publish: runPublish,
};
