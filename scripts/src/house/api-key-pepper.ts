import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '@house/kernel/clock';
import { DEVELOPMENT_ROOT_MARK } from '@house/kernel/config';

const PEPPER_BYTES = 32;

/**
 * The file of the pepper of development, made when it is first asked for, readable by its owner only; no gateway in
 * production takes it.
 * @param dataDirectory the house's data folder. @returns the file's path.
 */
export const ensureApiKeyPepper = (dataDirectory: string, random: Random): string => {
  const directory = join(dataDirectory, 'keys');
  const file = join(directory, 'api-key-pepper.keys');
  const mark = Buffer.from(DEVELOPMENT_ROOT_MARK);
  const pepper = Buffer.concat([random(PEPPER_BYTES - mark.length), mark]);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, `${pepper.toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return file;
};
