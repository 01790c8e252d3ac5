/**
 * Which tests need what, told by the file's name alone, so that nobody has to skip anything in code:
 *
 * - `x.external.test.ts` needs a PostgreSQL and a Redis server;
 * - `x.browser.test.ts` needs Chromium;
 * - journeys and resilience run twice: on the embedded house, and on a house with PostgreSQL and Redis;
 * - every other test needs nothing.
 *
 * `jest.config.js` makes its projects from the same table.
 */
import type { Program } from './binaries.ts';
import { BROWSER, EXTERNAL, ON_BOTH_HOUSES } from './projects.ts';

export type Plan = {
  programs: readonly Program[];
  /** What `--embedded` does not run, one line each. */
  leftOut: readonly { why: string; files: readonly string[] }[];
};

/** `files` are the paths of the chosen test files, relative to the root of the repository. */
export const planTests = (
  files: readonly string[],
  { embedded, hasChromium }: { embedded: boolean; hasChromium: boolean },
): Plan => {
  const external = files.filter((file) => EXTERNAL.test(file));
  const onBothHouses = files.filter((file) => ON_BOTH_HOUSES.test(file) && !EXTERNAL.test(file) && !BROWSER.test(file));
  const browser = files.filter((file) => BROWSER.test(file));
  if (embedded) {
    const leftOut = [
      { why: 'need PostgreSQL and Redis', files: external },
      { why: 'ran on the embedded house only', files: onBothHouses },
      { why: 'need Chromium', files: hasChromium ? [] : browser },
    ];
    return {
      programs: hasChromium && browser.length > 0 ? ['chromium'] : [],
      leftOut: leftOut.filter((part) => part.files.length > 0),
    };
  }
  const needsServers = external.length + onBothHouses.length > 0;
  return {
    programs: [
      ...(needsServers ? (['postgresql', 'redis'] as const) : []),
      ...(browser.length > 0 ? (['chromium'] as const) : []),
    ],
    leftOut: [],
  };
};

export type Arguments = {
  help: boolean;
  embedded: boolean;
  /** Handed to jest as they are. */
  jest: readonly string[];
};

export const parseArguments = (words: readonly string[]): Arguments => ({
  help: words.includes('--help') || words.includes('-h'),
  embedded: words.includes('--embedded'),
  jest: words.filter((word) => word !== '--embedded'),
});
