/**
 * The platform simulator on its own: PLATFORM_PORT, SIM_PORT, DATA_DIR and SEED_WORLD, as contract/run.md says. For tests
 * that kill it and for load: SIM_STATE_DIR is where its state outlives it, SIM_DEVICE_LATENCY_MS is the time from an
 * order to its effect, and SIM_VALIDATE=off holds neither bodies nor answers to the contract.
 */
import { join } from 'node:path';
import { worldSizeOf } from '@house/schema/platform/world.ts';
import { ensureDevelopmentClients } from './development-clients.ts';
import { openPlatformIdentity } from './identity.ts';
import { createPlatformSimulator } from './platform-simulator.ts';

const { PLATFORM_PORT = '4003', SIM_PORT = '4004', DATA_DIR = '.data', NODE_ENV } = process.env;
const { SEED_WORLD, SIM_STATE_DIR, SIM_DEVICE_LATENCY_MS, SIM_VALIDATE = 'on' } = process.env;

const fail = (reason: string): never => {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
};
const numberOf = (name: string, text: string, what: string, most: number): number => {
  const number = Number(text);
  return Number.isInteger(number) && number >= 0 && number <= most
    ? number
    : fail(`${name} is ${what}, not "${text}".`);
};
const portOf = (name: string, text: string): number => numberOf(name, text, 'a port number', 65_535);
if (NODE_ENV === 'production') fail('The platform simulator opens no real door: not with NODE_ENV=production.');
if (!['on', 'off'].includes(SIM_VALIDATE)) fail(`SIM_VALIDATE is on or off, not "${SIM_VALIDATE}".`);

const clock = () => new Date();
const directory = join(DATA_DIR, 'platform');
const start = async () => {
  const clients = ensureDevelopmentClients({ directory });
  const simulator = createPlatformSimulator({
    clock,
    identity: await openPlatformIdentity({ directory, clock }),
    clients: { v2: [clients.v2], v1: [clients.v1] },
    world: worldSizeOf(SEED_WORLD) ?? fail(`SEED_WORLD is small or large, not "${SEED_WORLD}".`),
    validate: SIM_VALIDATE === 'on',
    ...(SIM_STATE_DIR ? { stateDirectory: SIM_STATE_DIR } : {}),
    ...(SIM_DEVICE_LATENCY_MS
      ? { deviceLatencyMs: numberOf('SIM_DEVICE_LATENCY_MS', SIM_DEVICE_LATENCY_MS, 'milliseconds', 60_000) }
      : {}),
    log: { error: (event, fields) => process.stderr.write(`${JSON.stringify({ event, ...fields })}\n`) },
  });
  const ports = { platformPort: portOf('PLATFORM_PORT', PLATFORM_PORT), controlPort: portOf('SIM_PORT', SIM_PORT) };
  return { simulator, ...(await simulator.listen(ports)) };
};
const { simulator, platformUrl, controlUrl } = await start().catch((error: Error) => fail(error.message));

process.stdout.write(`platform  ${platformUrl}  (authority ${join(directory, 'ca.pem')}, clients ${directory})\n`);
process.stdout.write(`control   ${controlUrl}\n`);
process.stdout.write(`ready ${platformUrl}/.well-known/smart-home-platform\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void simulator.close());
