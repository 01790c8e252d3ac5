import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { find, provide } from './binaries.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'house-binaries-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const program = (name: string, script: string) =>
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

const options = (over: { isRoot?: boolean } = {}) => ({
  environment: { PATH: folder },
  isRoot: true,
  say: () => undefined,
  policy: join(folder, 'policy-rc.d'),
  ...over,
});

test('a program on the PATH is used as it is and nothing is installed', () => {
  program('redis-server', 'exit 0');
  program('apt-get', `: > ${folder}/asked`);
  provide(['redis'], options());
  expect(find('redis', { PATH: folder })).toBe(join(folder, 'redis-server'));
  expect(existsSync(join(folder, 'asked'))).toBe(false);
});

test('root gets the missing package, and no package may start a service meanwhile', () => {
  program(
    'apt-get',
    `echo "$@" >> ${folder}/asked
     if [ "$1" = install ]; then
       [ -x ${folder}/policy-rc.d ] && echo guarded >> ${folder}/asked
       printf '#!/bin/sh\\n' > ${folder}/redis-server
       /bin/chmod 755 ${folder}/redis-server
     fi`,
  );
  provide(['redis'], options());
  const asked = readFileSync(join(folder, 'asked'), 'utf8');
  expect(asked).toMatch(/^update .*\ninstall .*redis-server\nguarded\n$/);
  expect(existsSync(join(folder, 'policy-rc.d'))).toBe(false);
});

test('who may not install is told the package and the other way', () => {
  program('apt-get', `: > ${folder}/asked`);
  expect(() => provide(['redis'], options({ isRoot: false }))).toThrow(
    'Redis was not found: install the Debian package redis-server, or put `redis-server` on the PATH.',
  );
  expect(existsSync(join(folder, 'asked'))).toBe(false);
});

test('a failed installation names every program that is missing', () => {
  program('apt-get', 'exit 100');
  expect(() => provide(['redis', 'chromium'], options())).toThrow(/Redis was not found.*\nChromium was not found/);
});
