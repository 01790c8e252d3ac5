/**
 * Stops with a sentence that says what to do when the sources are run by a Node that cannot strip types.
 * The lock file brings the right Node to every npm script; a bare `node file.ts` is the machine's own.
 */
export const requireNode = (version: string = process.versions.node): void => {
  if (Number(version.split('.')[0]) >= 24) return;
  process.stderr.write(
    `Node ${version} is too old: 24 or newer is needed. Run it through npm (npm start, npm test), which uses the Node that npm ci installed.\n`,
  );
  process.exit(1);
};
