/** The platform simulator on its own: PLATFORM_PORT, SIM_PORT and DATA_DIR, as contract/run.md says. */
import { join } from 'node:path';
import { ensureDevelopmentCertificates } from './certificates.ts';
import { ensureDevelopmentClients } from './development-clients.ts';
import { createPlatformSimulator } from './platform-simulator.ts';

const { PLATFORM_PORT = '4003', SIM_PORT = '4004', DATA_DIR = '.data', NODE_ENV } = process.env;

const fail = (reason: string): never => {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
};
const portOf = (name: string, text: string): number => {
  const port = Number(text);
  return Number.isInteger(port) && port >= 0 && port <= 65_535
    ? port
    : fail(`${name} is a port number, not "${text}".`);
};
if (NODE_ENV === 'production') fail('The platform simulator opens no real door: not with NODE_ENV=production.');

const clock = () => new Date();
const directory = join(DATA_DIR, 'platform');
const start = async () => {
  const clients = ensureDevelopmentClients({ directory });
  const certificates = await ensureDevelopmentCertificates({ directory, clock });
  const simulator = createPlatformSimulator({
    clock,
    tls: { key: certificates.serverKeyPem, cert: certificates.serverCertPem },
    clients: { v2: [clients.v2], v1: [clients.v1] },
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
