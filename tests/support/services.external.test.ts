import { openDatabase } from '@house/kernel/database';
import { redisVersion } from '@house/scripts/test/redis';
import { expect, test } from '@jest/globals';
import { openServices } from './services.ts';

test('a test file gets a database and a Redis of its own, and leaves neither behind', async () => {
  const { variables, release } = await openServices();
  const { DATABASE_URL = '', REDIS_URL = '' } = variables;
  const database = await openDatabase({ url: DATABASE_URL });
  expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(await redisVersion(REDIS_URL)).toMatch(/^\d+\./);
  await database.close();
  await release();
  await expect(openDatabase({ url: DATABASE_URL })).rejects.toThrow(/does not exist/);
  await expect(redisVersion(REDIS_URL)).rejects.toThrow();
});
