/**
 * Two answers for the process manager: `/livez` while the process runs, `/readyz` while requests may be sent here and the
 * database answers.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Queryable } from './database/database.ts';
import { TIMEOUTS } from './subgraph/listener.ts';

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export type Health = {
  readonly url: string;
  /** Whether requests may be sent here; not until it is said. */
  setOpen(open: boolean): void;
  close(): Promise<void>;
};

export const serveHealth = async ({
  database,
  host,
  port,
}: {
  database: Queryable;
  host: string;
  port: number;
}): Promise<Health> => {
  let isOpen = false;
  const answers = (): Promise<boolean> =>
    database.query('SELECT 1').then(
      () => true,
      () => false,
    );
  const statusOf = async (path: string | undefined): Promise<number> => {
    if (path === '/livez') return 200;
    if (path === '/readyz') return isOpen && (await answers()) && isOpen ? 200 : 503;
    return 404;
  };
  const server = createServer(TIMEOUTS, (incoming, outgoing) => {
    void statusOf(incoming.url).then((status) => outgoing.writeHead(status, HEADERS).end());
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected to listen on a TCP port');
  return {
    url: `http://${host}:${address.port}`,
    setOpen: (open) => {
      isOpen = open;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};
