import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePeppers } from '@house/gateway/authenticate/api-key-peppers';
import { expectRandomRoot } from '@house/kernel/config';
import { expect, test } from '@jest/globals';
import { ensureApiKeyPepper } from './api-key-pepper.ts';

test('the pepper of development is made once, for its owner only, and says what it is', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pepper-'));
  try {
    const file = ensureApiKeyPepper(directory, randomBytes);
    const content = readFileSync(file, 'utf8');
    expect(ensureApiKeyPepper(directory, randomBytes)).toBe(file);
    expect(readFileSync(file, 'utf8')).toBe(content);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(parsePeppers(content)).toHaveLength(1);
    expect(expectRandomRoot('API_KEY_PEPPER', Buffer.from(content, 'base64'))).toEqual([
      ['API_KEY_PEPPER', 'not one that was made for development'],
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
