import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type PlantedTree, plantTree } from './planted-tree.ts';
import type { Environment } from './rover.ts';

let tree: PlantedTree;
beforeEach(() => {
  tree = plantTree();
});
afterEach(() => tree.fell());

const KEY = 'service:house:not-a-real-key';

/** A `rover` that writes down how it was called and ends with `code`. */
const plantRover = (code = 0): string => {
  const folder = join(tree.root, 'bin');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'rover'),
    `#!/bin/sh\necho "$@ | key $APOLLO_KEY | telemetry off $APOLLO_TELEMETRY_DISABLED" >> "${folder}/calls"\necho "no such graph" >&2\nexit ${code}\n`,
  );
  chmodSync(join(folder, 'rover'), 0o755);
  return folder;
};
const calls = () => {
  const file = join(tree.root, 'bin/calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};

const publish = (env: Environment) => {
  tree.run(['compose']);
  return tree.run(['publish', 'first'], env);
};

test('a publication goes to GraphOS subgraph by subgraph, the key never among the arguments', () => {
  const { code, out } = publish({ PATH: `/nowhere:${plantRover()}`, APOLLO_KEY: KEY, APOLLO_GRAPH_REF: 'house@main' });
  expect(code).toBe(0);
  expect(out).toContain('pushed to Apollo GraphOS as house@main');
  const called = (name: string) =>
    `subgraph publish house@main --name ${name} --schema schema/registry/0001-first/${name}.graphql --routing-url http://${name}.internal/graphql | key ${KEY} | telemetry off true`;
  expect(calls()).toEqual([called('owners'), called('smart-home')]);
});

test.each([
  ['APOLLO_KEY is not set', { APOLLO_GRAPH_REF: 'house@main' }],
  ['APOLLO_GRAPH_REF (graph@variant) is not set', { APOLLO_KEY: KEY }],
])('is published here alone, and says so, when %s', (why, env) => {
  const { code, out } = publish({ PATH: plantRover(), ...env });
  expect(code).toBe(0);
  expect(out).toContain(`not pushed to Apollo GraphOS: ${why}`);
  expect(calls()).toEqual([]);
});

test('is published here alone, and says so, when there is no rover that can be run', () => {
  const folder = plantRover();
  chmodSync(join(folder, 'rover'), 0o644);
  const { code, out } = publish({ PATH: folder, APOLLO_KEY: KEY, APOLLO_GRAPH_REF: 'house@main' });
  expect(code).toBe(0);
  expect(out).toContain('not pushed to Apollo GraphOS: there is no rover on the PATH');
});

test('a push that rover refuses fails the command, keeps the folder and says how to push it again', () => {
  const { code, error } = publish({ PATH: plantRover(7), APOLLO_KEY: KEY, APOLLO_GRAPH_REF: 'house@main' });
  expect(code).toBe(1);
  expect(error).toContain('✗ rover: rover did not take owners: no such graph');
  expect(error).toContain('push it again with: rover subgraph publish house@main --name owners');
  expect(error).not.toContain(KEY);
  expect(existsSync(join(tree.root, 'schema/registry/0001-first/note.md'))).toBe(true);
});
