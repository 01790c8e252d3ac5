/**
 * Ports for processes that are killed and come back. They lie below those that the system gives to outgoing connections:
 * one of these may take a port in the moment in which its owner is down, and the owner could not come back.
 */
import { createServer } from 'node:net';

const FIRST = 15_000;
/** Linux gives outgoing connections 32768 and up, macOS 49152. */
const LAST = 32_000;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

export type Ports = { next(): Promise<number> };

/** @param start where the search begins: another place for each process, so that two runs do not meet. */
export const createPorts = (start: number): Ports => {
  let candidate = FIRST + ((start * 40) % (LAST - FIRST));
  return {
    next: async () => {
      for (let looked = FIRST; looked < LAST; looked += 1) {
        const port = candidate >= LAST ? FIRST : candidate + 1;
        candidate = port;
        if (await isFree(port)) return port;
      }
      throw new Error(`no free port between ${FIRST} and ${LAST}`);
    },
  };
};
