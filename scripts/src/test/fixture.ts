/** A throw-away repository with a jest of ours, for the tests of the runner itself. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export type Fixture = { readonly root: string; remove(): void };

/** `files`: path → content, plain JavaScript even where it is called `.ts`, so that nothing has to be transformed. */
export const createFixture = (files: Readonly<Record<string, string>>): Fixture => {
  const root = mkdtempSync(join(tmpdir(), 'house-fixture-'));
  const config = {
    rootDir: root,
    cacheDirectory: join(root, 'cache'),
    testMatch: ['**/*.test.ts'],
    testEnvironment: join(import.meta.dirname, 'leak-environment.js'),
    testEnvironmentOptions: { graceMs: 200 },
    extensionsToTreatAsEsm: ['.ts'],
    transform: {},
  };
  const all = {
    'package.json': '{"type":"module"}',
    'jest.config.js': `export default ${JSON.stringify(config)};`,
    ...files,
  };
  for (const [path, content] of Object.entries(all)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
};
