/**
 * Jest as ESM on Node's own module loader; sources are stripped of types by swc, never bundled.
 *
 * `npm test` says what is there: a project that needs PostgreSQL and Redis, or Chromium, exists only when they do.
 * A bare `jest <path>` therefore runs what needs nothing. `TEST_LISTING` asks for all projects, to count them.
 */
import { PROJECTS } from './scripts/src/test/projects.ts';

const there = {
  servers: process.env.TEST_DATABASE_URL !== undefined && process.env.TEST_REDIS_URL !== undefined,
  chromium: process.env.TEST_CHROMIUM !== undefined,
};

export default {
  projects: PROJECTS.filter(({ needs }) => process.env.TEST_LISTING || needs === undefined || there[needs]).map(
    ({ name, files, house }) => ({
      displayName: name,
      rootDir: import.meta.dirname,
      testMatch: files.map((pattern) => `<rootDir>/${pattern}`),
      /** Generated code and data of a running house are nobody's tests. */
      testPathIgnorePatterns: ['/node_modules/', '/\\.data/', '/generated/'],
      testEnvironment: '<rootDir>/scripts/src/test/leak-environment.js',
      globals: { HOUSE: house },
      extensionsToTreatAsEsm: ['.ts'],
      transform: {
        '\\.ts$': [
          '@swc/jest',
          {
            jsc: {
              parser: { syntax: 'typescript' },
              target: 'es2024',
              experimental: { keepImportAttributes: true },
            },
            module: { type: 'es6' },
          },
        ],
      },
    }),
  ),
  testTimeout: 60_000,
  /** Jest would leave one core idle; most files wait for a server or a timer anyway. */
  maxWorkers: '100%',
  /** Each file loads its modules anew, about 22 MB for the Apollo packages: a worker that has grown is replaced. */
  workerIdleMemoryLimit: '1GB',
};
