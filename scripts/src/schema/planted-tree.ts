/** For tests: a small repository in a temporary folder, whole and green, to be changed one file at a time. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runSchemaCommand } from './command.ts';
import type { Environment } from './rover.ts';

const LINK = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@authenticated", "@requiresScopes"])
`;

/** Two subgraphs of one room each, both built, and one document. */
const WHOLE: Readonly<Record<string, string>> = {
  'schema/subgraphs/owners.graphql': LINK,
  'schema/subgraphs/owners/people.graphql': `type Person @key(fields: "id") {
  id: ID!
  name: String
  nickname(short: Boolean): String
}
extend type Query {
  me: Person @authenticated
}
`,
  'subgraphs/owners/src/people/people.ts': '',
  'schema/subgraphs/smart-home.graphql': LINK,
  'schema/subgraphs/smart-home/doors.graphql': `enum DoorKind { GATE WICKET }
type Door @key(fields: "id") {
  id: ID!
  kind: DoorKind
}
input OpenInput { doorId: ID! note: String }
extend type Query {
  doors(kind: DoorKind): [Door!] @requiresScopes(scopes: [["access:read"]])
}
extend type Mutation {
  open(input: OpenInput!): Boolean @requiresScopes(scopes: [["access:open"]])
}
`,
  'subgraphs/smart-home/src/doors/doors.ts': '',
  'schema/operations/me.graphql': 'query Me {\n  me {\n    name\n  }\n}\n',
};

export type Said = { code: number; out: string; error: string };

export type PlantedTree = {
  root: string;
  /** Writes one file, its folders too. */
  write: (path: string, text: string) => void;
  /** Replaces `before`, which must be there, in one of the files that were planted. */
  edit: (path: string, before: string, after: string) => void;
  remove: (path: string) => void;
  read: (path: string) => string;
  /** `npm run schema -- …args` on this tree, on 24 November 2026. */
  run: (args: readonly string[], env?: Environment) => Said;
  /** Composes and publishes; throws what the command says when it refuses. */
  publish: (name: string) => void;
  /** Composes and checks; answers what is said when the check is red, and throws when it is green. */
  redness: () => string;
  /** Removes the whole tree. */
  fell: () => void;
};

export const plantTree = (): PlantedTree => {
  const root = mkdtempSync(join(tmpdir(), 'schema-'));
  const texts = new Map<string, string>();
  const write = (path: string, text: string): void => {
    texts.set(path, text);
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [path, text] of Object.entries(WHOLE)) write(path, text);
  const run = (args: readonly string[], env: Environment = {}): Said => {
    const out: string[] = [];
    const error: string[] = [];
    const code = runSchemaCommand({
      root,
      args,
      env,
      clock: () => new Date('2026-11-24T09:00:00Z'),
      out: (text) => void out.push(text),
      error: (text) => void error.push(text),
    });
    return { code, out: out.join(''), error: error.join('') };
  };
  return {
    root,
    write,
    read: (path) => readFileSync(join(root, path), 'utf8'),
    run,
    publish: (name) => {
      run(['compose']);
      const { code, error } = run(['publish', name]);
      if (code !== 0) throw new Error(error);
    },
    redness: () => {
      run(['compose']);
      const { code, out, error } = run(['check']);
      if (code === 0) throw new Error(`the check is green: ${out}`);
      return error;
    },
    edit: (path, before, after) => {
      const text = texts.get(path) ?? '';
      if (!text.includes(before)) throw new Error(`${path} does not have ${before}`);
      write(path, text.replace(before, after));
    },
    remove: (path) => rmSync(join(root, path), { recursive: true }),
    fell: () => rmSync(root, { recursive: true, force: true }),
  };
};
