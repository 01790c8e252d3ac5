import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '../../..');
const CONFIGURATION = join(ROOT, '.dependency-cruiser.cjs');

const WORKSPACES: Record<string, { folder: string; exports: Record<string, string> }> = {
  kernel: { folder: 'kernel', exports: { './*': './src/*.ts', './database': './src/database/database.ts' } },
  schema: { folder: 'schema', exports: { './*': './*' } },
  gateway: { folder: 'gateway', exports: { './*': './src/*.ts' } },
  owners: { folder: 'subgraphs/owners', exports: { './*': './src/*.ts' } },
  'smart-home': { folder: 'subgraphs/smart-home', exports: { './*': './src/*.ts' } },
  'platform-simulator': { folder: 'simulators/platform', exports: { './*': './src/*.ts' } },
};

/** A house in order: every arrow of the table that is allowed. */
const HOUSE: Record<string, string> = {
  'schema/roles.ts': 'export const roles = [];',
  'schema/platform/world.json': '{}',
  'kernel/src/errors.ts': 'export const errors = {};',
  'kernel/src/telemetry.ts': "export { errors } from './errors.ts';",
  'kernel/src/database/database.ts': "export { open } from './open.ts'; export type Row = object;",
  'kernel/src/database/open.ts': "import type { Row } from './database.ts'; export const open = (): Row => ({});",
  'kernel/src/lifecycle.ts': "export { open } from './database/database.ts';",
  'gateway/src/gateway.ts':
    "export { limit } from './limit/limit.ts'; import '@house/kernel/errors'; import '@house/schema/roles.ts';",
  'gateway/src/limit/limit.ts': "export { count } from './count.ts';",
  'gateway/src/limit/count.ts': 'export const count = 1; export type Count = number; using closed = null;',
  'gateway/src/authorize/authorize.ts': "export { limit } from '../limit/limit.ts';",
  'gateway/src/main.ts': "import './gateway.ts';",
  'subgraphs/owners/src/app.ts': "import type { Count } from './people/store.ts'; export const app: Count = 1;",
  'subgraphs/owners/src/people/store.ts': 'export type Count = number;',
  'subgraphs/smart-home/src/features.ts': "export { vehicles } from './vehicles/vehicles.ts';",
  'subgraphs/smart-home/src/vehicles/vehicles.ts': "import '../platform/platform.ts'; export const vehicles = {};",
  'subgraphs/smart-home/src/platform/platform.ts':
    "import './v2/vehicles.ts'; import '@house/schema/platform/world.json';",
  'subgraphs/smart-home/src/platform/v2/vehicles.ts': 'export const add = 1;',
  'simulators/platform/src/world.ts': "import '@house/schema/platform/world.json';",
  'tests/open.test.ts':
    "import '@house/gateway/gateway'; import '@house/platform-simulator/world'; import '@house/owners/app';",
};

/** One violation per rule: the rule, the file that breaks it, and how. */
const PLANTED: readonly [rule: string, file: string, source: string][] = [
  ['resolvable', 'gateway/src/a.ts', "import '@house/kernel/absent';"],
  ['no-circle', 'gateway/src/b.ts', "import './b2.ts'; export const b = 1;"],
  ['no-import-of-main', 'gateway/src/c2.ts', "using main = (await import('./main.ts')).main;"],
  ['no-import-of-main', 'gateway/src/c.ts', "import './main.ts';"],
  ['no-import-of-tests', 'tests/d.ts', "import './open.test.ts';"],
  ['product-imports-no-test-support', 'gateway/src/d2.ts', "import './test/house.ts';"],
  ['schema-imports-nothing', 'schema/e.ts', "import '@house/kernel/errors';"],
  ['kernel-knows-nobody', 'kernel/src/f.ts', "import '@house/schema/roles.ts';"],
  ['gateway-speaks-graphql-only', 'gateway/src/g.ts', "import '@house/owners/app';"],
  ['subgraph-imports-no-other-service', 'subgraphs/owners/src/h.ts', "import '@house/smart-home/features';"],
  ['subgraph-imports-no-other-service', 'subgraphs/owners/src/h2.ts', "import '@house/gateway/gateway';"],
  ['front-door-only', 'gateway/src/authorize/i.ts', "import '../limit/count.ts';"],
  [
    'front-door-only',
    'gateway/src/authorize/i2.ts',
    "import type { Count } from '../limit/count.ts'; export const i: Count = 1;",
  ],
  ['front-door-only-for-wiring', 'subgraphs/smart-home/src/j.ts', "import './vehicles/store.ts';"],
  ['only-platform-knows-versions', 'subgraphs/smart-home/src/vehicles/k.ts', "import '../platform/v2/vehicles.ts';"],
  ['platform-enters-no-room', 'subgraphs/smart-home/src/platform/l.ts', "import '../vehicles/vehicles.ts';"],
  [
    'platform-contract-for-platform-only',
    'subgraphs/smart-home/src/vehicles/m.ts',
    "import '@house/schema/platform/world.json';",
  ],
  ['simulator-shares-nothing', 'simulators/platform/src/n.ts', "import '@house/kernel/errors';"],
  ['platform-simulator-knows-its-contract-only', 'simulators/platform/src/o.ts', "import '@house/schema/roles.ts';"],
  ['no-import-of-simulators', 'subgraphs/smart-home/src/platform/p.ts', "import '@house/platform-simulator/world';"],
  ...[
    'errors',
    'clock',
    'runtime',
    'config',
    'telemetry',
    'principal',
    'vault',
    'audit',
    'outbox',
    'idempotency',
    'payload',
    'watched-files',
  ].map((room): [string, string, string] => [
    `kernel-${room}-looks-down-only`,
    `kernel/src/${room}/q.ts`,
    "import '../lifecycle.ts';",
  ]),
  ['kernel-database-looks-down-only', 'kernel/src/database/r.ts', "import '../telemetry.ts';"],
  ['kernel-lifecycle-looks-down-only', 'kernel/src/lifecycle/s.ts', "import '../subgraph/subgraph.ts';"],
  ['kernel-subgraph-looks-down-only', 'kernel/src/subgraph/t.ts', "import '../lifecycle.ts';"],
];

/** What the violations import, and is in order itself. */
const SUPPORT: Record<string, string> = {
  'gateway/src/test/house.ts': "import '../limit/count.ts';",
  'gateway/src/limit/count.test.ts': "import '../test/house.ts';",
  'gateway/src/b2.ts': "import { b } from './b.ts'; export const b2 = b;",
  'subgraphs/smart-home/src/vehicles/store.ts': 'export const store = 1;',
  'kernel/src/subgraph/subgraph.ts': 'export const subgraph = 1;',
};

type Violation = { rule: { name: string }; from: string };

let root: string;
let onlyHouse: Violation[];
let withPlanted: Violation[];

const write = (files: Record<string, string>): void => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
};

const guard = (): Violation[] => {
  // It ends with the number of violations; without any output it could not read something, and says what.
  const folders = ['kernel', 'schema', 'gateway', 'subgraphs', 'simulators', 'tests'];
  const { stdout, stderr } = spawnSync(join(ROOT, 'node_modules/.bin/depcruise'), ['-T', 'json', ...folders], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
};

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'house-guard-'));
  cpSync(CONFIGURATION, join(root, '.dependency-cruiser.cjs'));
  mkdirSync(join(root, 'node_modules/@house'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules/@swc'), join(root, 'node_modules/@swc'));
  for (const [name, { folder, exports }] of Object.entries(WORKSPACES)) {
    write({ [`${folder}/package.json`]: JSON.stringify({ name: `@house/${name}`, type: 'module', exports }) });
    symlinkSync(join(root, folder), join(root, 'node_modules/@house', name));
  }
  write(HOUSE);
  onlyHouse = guard();
  write({ ...SUPPORT, ...Object.fromEntries(PLANTED.map(([, file, source]) => [file, source])) });
  withPlanted = guard();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a house in order passes, imports across workspaces and types that point both ways included', () => {
  expect(onlyHouse).toEqual([]);
});

test.each(PLANTED)('%s is broken by %s and named', (rule, file) => {
  expect(withPlanted.filter(({ from }) => from === file).map((violation) => violation.rule.name)).toContain(rule);
});

test('every rule has a planted violation', () => {
  const { forbidden } = createRequire(import.meta.url)(CONFIGURATION) as { forbidden: { name: string }[] };
  expect([...new Set(PLANTED.map(([rule]) => rule))].toSorted()).toEqual(forbidden.map(({ name }) => name).toSorted());
});

test('no file is blamed that was not planted', () => {
  const planted = new Set([...PLANTED.map(([, file]) => file), ...Object.keys(SUPPORT)]);
  expect(withPlanted.filter(({ from }) => !planted.has(from))).toEqual([]);
});
