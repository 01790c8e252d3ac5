/** A registry of the tests' own, in the form that `npm run schema -- publish` writes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOf } from '../limit/trusted-documents.ts';

export const createRegistry = () => {
  const directory = mkdtempSync(join(tmpdir(), 'registry-'));
  return {
    directory,
    /** The text of the list of the publication, as it stands. */
    write: (folder: string, list: string): void => {
      mkdirSync(join(directory, folder), { recursive: true });
      writeFileSync(join(directory, folder, 'operations.json'), list);
    },
    publish: (folder: string, texts: readonly string[]): void => {
      mkdirSync(join(directory, folder));
      const list = Object.fromEntries(texts.map((text) => [hashOf(text), { name: 'Any', text }]));
      writeFileSync(join(directory, folder, 'operations.json'), JSON.stringify(list));
    },
    remove: (): void => rmSync(directory, { recursive: true }),
  };
};
