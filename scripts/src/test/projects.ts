/**
 * Which test files exist and what they need, for `jest.config.js` and `plan.ts`.
 * Paths are relative to the root of the repository.
 */

/** Needs PostgreSQL and Redis. */
export const EXTERNAL = /\.external\.test\.ts$/;

/** Needs Chromium. */
export const BROWSER = /\.browser\.test\.ts$/;

/** Runs on the embedded house and on the house with PostgreSQL and Redis. */
export const ON_BOTH_HOUSES = /^tests\/(?:journeys|resilience)\//;

const WORKSPACES = '{kernel,gateway,schema,subgraphs,simulators,scripts}';
const EVERYWHERE = '{kernel,gateway,schema,subgraphs,simulators,scripts,tests}';
const NEEDS_NOTHING = '!(*.external|*.browser).test.ts';

export type Project = {
  name: string;
  /** Patterns of test files. */
  files: readonly string[];
  /** The house that the tests of this project live in. */
  house: 'embedded' | 'external';
  needs?: 'servers' | 'chromium';
};

export const PROJECTS: readonly Project[] = [
  { name: 'unit', files: [`${WORKSPACES}/**/${NEEDS_NOTHING}`], house: 'embedded' },
  { name: 'external', files: [`${EVERYWHERE}/**/*.external.test.ts`], house: 'external', needs: 'servers' },
  { name: 'house-embedded', files: [`tests/**/${NEEDS_NOTHING}`], house: 'embedded' },
  {
    name: 'house-external',
    files: [`tests/{journeys,resilience}/**/${NEEDS_NOTHING}`],
    house: 'external',
    needs: 'servers',
  },
  { name: 'browser', files: [`${EVERYWHERE}/**/*.browser.test.ts`], house: 'embedded', needs: 'chromium' },
];
