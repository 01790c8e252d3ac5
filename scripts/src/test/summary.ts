/** Sums a run of jest into one line. A file that could not run is a failure, and so is a run without tests. */

/** What we read of jest's `--json` result. */
export type JestResult = {
  testResults: readonly {
    /** The path of the test file. */
    name: string;
    status: string;
    assertionResults: readonly { status: string }[];
  }[];
};

export type Summary = {
  passed: number;
  failed: number;
  skipped: number;
  /** What was counted as failed besides failed tests, in words. */
  problems: readonly string[];
};

export type Run = {
  /** Undefined when jest ended before it could write one. */
  result: JestResult | undefined;
  /** Of jest's process; null when a signal ended it. */
  exitCode: number | null;
  /** Jest's own complaints about what the tests left running. */
  leaks: readonly string[];
  /** Test files that were not run, because what they need was left out. */
  leftOut: number;
};

const count = (result: JestResult, statuses: readonly string[]): number =>
  result.testResults.reduce(
    (sum, file) => sum + file.assertionResults.filter(({ status }) => statuses.includes(status)).length,
    0,
  );

/** A file fails without a failed test when it cannot be loaded, a hook fails after the last test, or it leaves something running. */
const brokenFiles = (result: JestResult): string[] =>
  result.testResults
    .filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
    )
    .map(({ name }) => `${name} failed outside of its tests`);

export const summarize = ({ result, exitCode, leaks, leftOut }: Run): Summary => {
  if (!result) return { passed: 0, failed: 1, skipped: leftOut, problems: ['jest ended without a result'] };
  const passed = count(result, ['passed']);
  const failedTests = count(result, ['failed']);
  const broken = brokenFiles(result);
  // The file that leaks says so itself; jest's complaint only counts when no file did.
  const problems = [...(broken.length > 0 ? broken : leaks)];
  if (passed + failedTests + problems.length === 0) problems.push('no test ran');
  if (exitCode !== 0 && failedTests + problems.length === 0) problems.push(`jest ended with ${exitCode ?? 'a signal'}`);
  return {
    passed,
    failed: failedTests + problems.length,
    skipped: count(result, ['pending', 'skipped', 'todo', 'disabled']) + leftOut,
    problems,
  };
};

/** `N passed, N failed`, and how many were skipped where any were. */
export const summaryLine = ({ passed, failed, skipped }: Summary): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
