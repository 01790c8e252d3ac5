/** The stages of `npm run check`, in the order in which they are reported; `turbo.json` orders how they run. */

export type Stage = {
  name: string;
  /** The task of turbo, which runs the script of that name. */
  task: string;
  /** What is proven. */
  proves: string;
  /** What to do when it fails. */
  mend: string;
};

const stage = (name: string, proves: string, mend: string, task = `check:${name}`): Stage => ({
  name,
  task,
  proves,
  mend,
});

export const STAGES = [
  stage('generated', 'generated files are up to date', 'npm run generate, and commit what changed'),
  stage('format', 'Biome finds nothing to format', 'npx biome check --write .'),
  stage('types', 'tsc proves the types', 'mend the lines above; npx tsc --noEmit shows them again'),
  stage('lint', 'oxlint judges', 'mend the lines above; .oxlintrc.json gives the reason of each rule'),
  stage(
    'guard',
    'imports go the permitted ways',
    'import through the door that the rule names; see .dependency-cruiser.cjs',
  ),
  stage('prune', 'knip finds nothing unused', 'delete what nobody uses, or list the dependency where it is used'),
  stage(
    'lock',
    'the lock file is whole on every platform',
    'pin the package to a version whose platforms are all published, then npm install',
  ),
  stage('schema', 'the schema breaks nobody', 'do what the message above says; npm run schema -- check shows it again'),
  stage('test', 'every test passes', 'npm test -- <path of the failed file>', 'test'),
  stage(
    'chaos',
    'nothing is lost, doubled or late while processes are killed',
    'read the violations above with docs/chaos.md; npm run check:chaos makes the same trouble again',
  ),
  stage(
    'sensitivity',
    'the chaos harness catches every bug that is planted for it',
    'npm run chaos -- --bug <the one that was missed>; docs/chaos.md says how each is found',
  ),
] as const satisfies readonly Stage[];

/** These read what the first stage writes. */
const READ_GENERATED: readonly string[] = ['types', 'lint', 'guard', 'prune'];

const isStage = (name: string): boolean => STAGES.some((known) => known.name === name);

/**
 * All stages without a choice; those that `only` names, with what they need; all but those that `except` names.
 * Throws for a name that is none.
 */
export const chooseStages = ({
  only,
  except = [],
}: {
  only?: readonly string[];
  except?: readonly string[];
}): Stage[] => {
  const unknown = [...(only ?? []), ...except].filter((name) => !isStage(name));
  if (unknown.length > 0) {
    throw new Error(
      `No such stage: ${unknown.join(', ')}. The stages are ${STAGES.map(({ name }) => name).join(', ')}.`,
    );
  }
  const needed = (only ?? []).some((name) => READ_GENERATED.includes(name)) ? ['generated'] : [];
  const chosen = only ? [...needed, ...only] : STAGES.map(({ name }) => name);
  return STAGES.filter(({ name }) => chosen.includes(name) && !except.includes(name));
};
