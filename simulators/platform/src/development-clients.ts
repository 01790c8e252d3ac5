/**
 * Credentials by which a house under development calls the simulator: made at first start, kept in one 0600 file and
 * used again, so that the two can be started apart. A file that others can read is refused, not repaired.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { createSecret } from './ids.ts';
import { readOwn, writeOwn } from './private-files.ts';

const FILE = 'clients.json';
const CLIENT_ID = 'house';

const point = { kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() };
const clientsSchema = z.object({
  v2: z.object({ clientId: z.string(), publicJwk: z.object(point), privateJwk: z.object({ ...point, d: z.string() }) }),
  v1: z.object({ clientId: z.string(), secret: z.string().min(32), apiKey: z.string().min(32) }),
});
export type DevelopmentClients = z.infer<typeof clientsSchema>;

const createClients = (): DevelopmentClients => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return clientsSchema.parse({
    v2: {
      clientId: CLIENT_ID,
      publicJwk: publicKey.export({ format: 'jwk' }),
      privateJwk: privateKey.export({ format: 'jwk' }),
    },
    v1: { clientId: CLIENT_ID, secret: createSecret(), apiKey: createSecret() },
  });
};

/** Throws, naming the file, when it can be read by others or is not what it should be. */
export const ensureDevelopmentClients = ({ directory }: { directory: string }): DevelopmentClients => {
  const path = join(directory, FILE);
  const kept = readOwn(path, { secret: true });
  if (kept !== undefined) {
    const parsed = clientsSchema.safeParse(JSON.parse(kept));
    if (!parsed.success)
      throw new Error(`${path} does not hold a client's credentials: delete it, and new ones are made`);
    return parsed.data;
  }
  const clients = createClients();
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeOwn(path, JSON.stringify(clients));
  return clients;
};
