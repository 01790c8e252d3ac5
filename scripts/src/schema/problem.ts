/** One reason why the schema may not be merged: what is wrong, where, and how to mend it. */
export type Problem = {
  /** The check that found it. */
  check: string;
  what: string;
  /** `path:line` relative to the repository's root, or the path alone when the line is not known. */
  where: string;
  how: string;
};

const render = ({ check, what, where, how }: Problem): string =>
  [`✗ ${check}: ${what}`, `  where: ${where}`, `  mend:  ${how}`].join('\n');

/** The problems as a person reads them, a blank line between two. */
export const renderProblems = (problems: readonly Problem[]): string => problems.map(render).join('\n\n');
