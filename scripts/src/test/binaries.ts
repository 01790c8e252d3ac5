/**
 * Finds the programs that the tests need, and installs their Debian packages where we may.
 *
 * Nothing is started by an installation: a package that brings a service of its own would take the port and the
 * memory that the tests start theirs with.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Program = 'postgresql' | 'redis' | 'chromium';

type Recipe = {
  readonly title: string;
  /** The Debian package that brings it. */
  readonly debian: string;
  /** What a person does who may not install packages here. */
  readonly otherwise: string;
  find(environment: Environment): string | undefined;
};

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The first file of that name on the PATH that may be run. */
const onPath = (name: string, environment: Environment): string | undefined =>
  (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);

/** Debian keeps PostgreSQL's server programs off the PATH, in a folder per major version. */
const debianPostgres = (): string[] => {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .toSorted((left, right) => Number(right) - Number(left))
    .map((version) => join(root, version, 'bin'));
};

/** The folder that holds both `postgres` and `initdb`; a link is followed, so that `initdb` finds its neighbours. */
const findPostgres = (environment: Environment): string | undefined => {
  const linked = onPath('postgres', environment);
  const folders = [...(linked ? [dirname(realpathSync(linked)), dirname(linked)] : []), ...debianPostgres()];
  return folders.find((folder) => isExecutable(join(folder, 'postgres')) && isExecutable(join(folder, 'initdb')));
};

const RECIPES: Readonly<Record<Program, Recipe>> = {
  postgresql: {
    title: 'PostgreSQL',
    debian: 'postgresql',
    otherwise: 'put `postgres` and `initdb` on the PATH, or set TEST_DATABASE_URL to a superuser of an empty server',
    find: findPostgres,
  },
  redis: {
    title: 'Redis',
    debian: 'redis-server',
    otherwise: 'put `redis-server` on the PATH',
    find: (environment) => onPath('redis-server', environment),
  },
  chromium: {
    title: 'Chromium',
    debian: 'chromium',
    otherwise: 'set TEST_CHROMIUM to the path of a Chromium',
    find: (environment) =>
      environment['TEST_CHROMIUM'] ??
      ['chromium', 'chromium-browser', 'google-chrome']
        .map((name) => onPath(name, environment))
        .find((file) => file !== undefined),
  },
};

/** Where the program is: PostgreSQL's folder of programs, otherwise the program itself. */
export const find = (program: Program, environment: Environment): string | undefined =>
  RECIPES[program].find(environment);

/** The message a person reads who has to install it by hand. */
const howToInstall = (program: Program): string => {
  const { title, debian, otherwise } = RECIPES[program];
  return `${title} was not found: install the Debian package ${debian}, or ${otherwise}.`;
};

const POLICY = '/usr/sbin/policy-rc.d';
/** How long another package operation on this machine is waited for. */
const DPKG_LOCK_SECONDS = 120;

/** While `work` runs, packages may not start services. */
const withoutServices = <T>(policy: string, work: () => T): T => {
  if (existsSync(policy)) return work();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return work();
  } finally {
    rmSync(policy, { force: true });
  }
};

export type InstallOptions = {
  environment: Environment;
  isRoot: boolean;
  say: (line: string) => void;
  policy?: string;
};

/**
 * Installs what is missing of `programs`; does nothing when all are there.
 * Throws an error that names every program that is still missing and how to get it.
 */
export const provide = (
  programs: readonly Program[],
  { environment, isRoot, say, policy = POLICY }: InstallOptions,
): void => {
  const missing = programs.filter((program) => find(program, environment) === undefined);
  if (missing.length === 0) return;
  const aptGet = onPath('apt-get', environment);
  if (isRoot && aptGet) {
    const packages = missing.map((program) => RECIPES[program].debian);
    say(`installing ${packages.join(', ')} …`);
    const options = {
      env: { ...environment, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'],
    };
    withoutServices(policy, () => {
      // A list that could not be refreshed (a source of a third party is down) does not matter if the package is in another.
      spawnSync(aptGet, ['update', '-q'], options);
      const { status, stderr, error } = spawnSync(
        aptGet,
        [
          'install',
          '-y',
          '-q',
          '--no-install-recommends',
          '-o',
          `DPkg::Lock::Timeout=${DPKG_LOCK_SECONDS}`,
          ...packages,
        ],
        options,
      );
      if (status !== 0) say(`apt-get install failed: ${error?.message ?? String(stderr).trim()}`);
    });
  }
  const absent = missing.filter((program) => find(program, environment) === undefined);
  if (absent.length > 0) throw new Error(absent.map(howToInstall).join('\n'));
};
