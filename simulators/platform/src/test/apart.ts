/** A simulator in a process of its own, which a test may kill and start again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDevelopmentCertificates } from '../certificates.ts';
import { ensureDevelopmentClients } from '../development-clients.ts';
import { meet, type RemoteCaller } from './caller.ts';

const MAIN = join(import.meta.dirname, '../main.ts');

export type Apart = {
  /** Where its state is kept. */
  stateDirectory: string;
  /** Starts it; the state is that of the process before. */
  start(variables?: Record<string, string>): Promise<RemoteCaller>;
  /** SIGKILL: nothing is finished, nothing is said. */
  kill(): Promise<void>;
  /** Kills it and forgets everything. */
  stop(): Promise<void>;
};

/** The addresses of its last lines, once it is ready. */
const ready = async (child: ChildProcess): Promise<{ platformUrl: string; controlUrl: string }> => {
  let said = '';
  const complaints: unknown[] = [];
  child.stderr?.on('data', (chunk) => complaints.push(String(chunk)));
  for await (const chunk of child.stdout ?? []) {
    said += String(chunk);
    const platformUrl = /^platform +(\S+)/m.exec(said)?.[1];
    const controlUrl = /^control +(\S+)/m.exec(said)?.[1];
    if (platformUrl && controlUrl && /^ready /m.test(said)) return { platformUrl, controlUrl };
  }
  throw new Error(`the simulator did not start: ${complaints.join('')}`);
};

export const createApart = (): Apart => {
  const directory = mkdtempSync(join(tmpdir(), 'platform-apart-'));
  const stateDirectory = join(directory, 'state');
  const clock = () => new Date();
  let child: ChildProcess | undefined;
  let caller: RemoteCaller | undefined;
  const kill = async (): Promise<void> => {
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    await caller?.close();
    child = undefined;
    caller = undefined;
  };
  return {
    stateDirectory,
    async start(variables = {}) {
      child = spawn(process.execPath, [MAIN], {
        env: {
          ...process.env,
          DATA_DIR: directory,
          SIM_STATE_DIR: stateDirectory,
          PLATFORM_PORT: '0',
          SIM_PORT: '0',
          ...variables,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const addresses = await ready(child);
      const { v1, v2 } = ensureDevelopmentClients({ directory: join(directory, 'platform') });
      const certificates = await ensureDevelopmentCertificates({ directory: join(directory, 'platform'), clock });
      const privateKey = createPrivateKey({ key: v2.privateJwk, format: 'jwk' });
      caller = meet({ ...addresses, certificates, clock, v1, v2: { clientId: v2.clientId, privateKey } });
      return caller;
    },
    kill,
    async stop() {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};
