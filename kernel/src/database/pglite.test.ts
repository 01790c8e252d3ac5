import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDatabase } from './database.ts';
import { databaseConforms } from './database-conforms.ts';

databaseConforms('PGlite', () => openDatabase({ directory: 'memory' }));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pglite-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('one process holds the folder; what it wrote is there when it is opened again', async () => {
  const directory = join(folder, 'house');
  const first = await openDatabase({ directory });
  await expect(openDatabase({ directory })).rejects.toThrow('already open in this process');
  await first.run("CREATE TABLE kept (name text); INSERT INTO kept VALUES ('a');");
  await first.close();
  expect(existsSync(join(directory, 'owner.pid'))).toBe(false);

  // A lock that a dead process left is taken over.
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(join(directory, 'owner.pid'), String(pid));
  const second = await openDatabase({ directory });
  expect(await second.query('SELECT name FROM kept')).toEqual([{ name: 'a' }]);
  await second.close();

  // In a container every process has the same id, and one that died while it made the file left it empty.
  for (const left of [String(process.pid), '']) {
    writeFileSync(join(directory, 'owner.pid'), left);
    const next = await openDatabase({ directory });
    await next.close();
  }
});

test('a folder that another living process holds is refused with what to do', async () => {
  const directory = join(folder, 'taken');
  const first = await openDatabase({ directory });
  // The parent of this process lives as long as the test does.
  writeFileSync(join(directory, 'owner.pid'), String(process.ppid));
  await expect(openDatabase({ directory })).rejects.toThrow(
    `in use by process ${process.ppid}. Stop it, choose another DATA_DIR, or set DATABASE_URL.`,
  );
  await first.close();
});
