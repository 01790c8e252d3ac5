/**
 * How an operator's command reaches the running house: a socket in the data folder that only its owner may open. One
 * request and one answer to a connection, each a line of JSON. There is no other way in while the embedded database is
 * held by the house.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

const socketPath = (dataDirectory: string): string => join(dataDirectory, 'operator.sock');

const request = z.strictObject({
  command: z.string(),
  arguments: z.array(z.string()).max(20),
  actor: z.string().min(1).max(100),
});
const answer = z.union([z.strictObject({ result: z.unknown() }), z.strictObject({ refused: z.string() })]);

export type OperatorRequest = z.output<typeof request>;
/** @throws OperatorRefusal with words for the operator. */
export type ServeOperator = (request: OperatorRequest) => Promise<unknown>;

/** A command that cannot be carried out, in words that say what to do. */
export class OperatorRefusal extends Error {
  override readonly name = 'OperatorRefusal';
}

const REQUEST_LIMIT_BYTES = 10_000;
const REQUEST_LIMIT_MS = 5_000;

const readLine = async (socket: Socket): Promise<string> => {
  let line = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    line += chunk.toString('utf8');
    if (line.includes('\n')) return line;
    if (line.length > REQUEST_LIMIT_BYTES) break;
  }
  throw new OperatorRefusal('The request is not one line of JSON.');
};

const words = (error: unknown): string =>
  error instanceof OperatorRefusal ? error.message : 'The house could not do it; its log says why.';

const isServed = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/**
 * Listens in the data folder. A socket that a dead process left is replaced.
 * @throws when another house serves the folder.
 */
export const serveOperator = async ({
  dataDirectory,
  serve,
  failed,
}: {
  dataDirectory: string;
  serve: ServeOperator;
  failed: (error: unknown) => void;
}): Promise<{ close(): Promise<void> }> => {
  const path = socketPath(dataDirectory);
  if (await isServed(path))
    throw new Error(`Another house runs on ${dataDirectory}. Stop it, or choose another DATA_DIR.`);
  rmSync(path, { force: true });
  const handle = async (socket: Socket): Promise<void> => {
    socket.setTimeout(REQUEST_LIMIT_MS, () => socket.destroy());
    try {
      const parsed = request.safeParse(JSON.parse(await readLine(socket)));
      if (!parsed.success) throw new OperatorRefusal('The request is not understood.');
      socket.setTimeout(0);
      socket.end(`${JSON.stringify({ result: (await serve(parsed.data)) ?? null })}\n`);
    } catch (error) {
      if (!(error instanceof OperatorRefusal)) failed(error);
      socket.end(`${JSON.stringify({ refused: words(error) })}\n`);
    }
  };
  const server = createServer((socket) => {
    socket.on('error', failed);
    void handle(socket);
  });
  // Made unreadable for others from the first moment, not a moment later.
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
  } finally {
    process.umask(before);
  }
  return {
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
      }),
  };
};

/**
 * Asks the house that runs on the data folder.
 * @throws OperatorRefusal when there is none, or when it refuses.
 */
export const askHouse = async (dataDirectory: string, ask: OperatorRequest): Promise<unknown> => {
  const socket = createConnection(socketPath(dataDirectory));
  const connected = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  await connected.catch(() => {
    throw new OperatorRefusal(
      `No house runs on ${dataDirectory}. Start it (npm start), name its folder (DATA_DIR), or its database (DATABASE_URL).`,
    );
  });
  socket.write(`${JSON.stringify(ask)}\n`);
  const parsed = answer.safeParse(JSON.parse(await text(socket)));
  if (!parsed.success) throw new OperatorRefusal('The house answered something else than an answer.');
  if ('refused' in parsed.data) throw new OperatorRefusal(parsed.data.refused);
  return parsed.data.result;
};
