/**
 * Pushes a publication to Apollo GraphOS with `rover`, when it is there and configured. The key goes by environment,
 * never as an argument.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SUBGRAPHS } from '@house/schema/subgraph-sdl.ts';
import { routingUrl } from './compose.ts';
import type { Problem } from './problem.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type Push =
  | { outcome: 'pushed'; graph: string }
  | { outcome: 'skipped'; why: string }
  | { outcome: 'failed'; problems: Problem[] };

const TIMEOUT_MS = 120_000;

/** `folder` is a published one, relative to `root`. */
export const pushToGraphOs = (root: string, folder: string, env: Environment): Push => {
  const { APOLLO_KEY: key, APOLLO_GRAPH_REF: graph } = env;
  if (!key) return { outcome: 'skipped', why: 'APOLLO_KEY is not set' };
  if (!graph) return { outcome: 'skipped', why: 'APOLLO_GRAPH_REF (graph@variant) is not set' };
  const rover = findOnPath('rover', env['PATH'] ?? '');
  if (!rover) return { outcome: 'skipped', why: 'there is no rover on the PATH' };
  const problems = SUBGRAPHS.flatMap((name) => {
    const args = ['subgraph', 'publish', graph, '--name', name, '--schema', `${folder}/${name}.graphql`];
    const options = { cwd: root, env: { ...env, APOLLO_TELEMETRY_DISABLED: 'true' }, timeout: TIMEOUT_MS } as const;
    const command = [...args, '--routing-url', routingUrl(name)];
    const { status, error, stderr } = spawnSync(rover, command, { ...options, encoding: 'utf8' });
    if (status === 0) return [];
    return [
      {
        check: 'rover',
        what: `rover did not take ${name}: ${error?.message ?? stderr.trim()}`,
        where: `${folder}/${name}.graphql`,
        how: `The folder is published here; push it again with: rover ${command.join(' ')}`,
      },
    ];
  });
  return problems.length > 0 ? { outcome: 'failed', problems } : { outcome: 'pushed', graph };
};

const findOnPath = (name: string, path: string): string | undefined =>
  path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
};
