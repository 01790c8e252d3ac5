/** Our services and the two simulators, each by its own `main.ts` as an operator would start it. */
import { createPrivateKey, generateKeyPairSync, type JsonWebKey, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Balancer, startBalancer } from './balancer.ts';
import type { Ports } from './ports.ts';
import { type Program, startProgram } from './program.ts';

export type PlatformClients = {
  v1: { clientId: string; secret: string; apiKey: string };
  v2: { clientId: string; privateJwk: JsonWebKey };
};

type Simulators = {
  readonly platform: Program;
  readonly platformUrl: string;
  readonly platformCa: string;
  /** Who we are towards the platform, to read from it what our services wrote. */
  readonly platformClients: PlatformClients;
  /** Ends in `/_sim`. */
  readonly controlUrl: string;
  readonly issuer: string;
};
export type Services = Simulators & {
  readonly gatewayUrl: string;
  readonly owners: Program;
  readonly smartHomes: readonly Program[];
  readonly gateway: Program;
  /** Where the simulator would keep its state, if it keeps any. */
  readonly stateDirectory: string;
  stop(): Promise<void>;
};

export type ServicesOptions = {
  directory: string;
  ports: Ports;
  databaseUrl: string;
  redisUrl: string;
  /** Of `SEED_WORLD`. */
  world: string;
  /** Of `CHAOS_BUG`. */
  bug: string | undefined;
  logLevel: string;
  /** Processes of smart-home, each with its worker. */
  workers: number;
};

type Variables = Readonly<Record<string, string>>;
type Run = (name: string, main: string, port: number, variables: Variables) => Program;

const ROOT = join(import.meta.dirname, '../../..');
/** So many that no limit of ours is what a client meets. */
const WIDE = { max: 10_000, windowMs: 1_000 };
const LIMITED = ['Mutation.openAccessPoint', 'Mutation.addVehicle', 'Mutation.removeVehicle'];
const LIMITS = JSON.stringify(Object.fromEntries(LIMITED.map((name) => [name, WIDE])));

const at = (port: number, path = ''): string => `http://127.0.0.1:${port}${path}`;

/** Starts a `main.ts` and remembers it in `programs`. */
const createRun =
  ({ directory, world, bug, logLevel }: ServicesOptions, programs: Program[]): Run =>
  (name, main, port, variables) => {
    const env = {
      PATH: process.env['PATH'],
      NODE_ENV: 'development',
      LOG_LEVEL: logLevel,
      // A process that is started a hundred times need not compile its sources a hundred times.
      NODE_COMPILE_CACHE: join(directory, 'compiled'),
      SEED_WORLD: world,
      ...(bug && { CHAOS_BUG: bug }),
      ...variables,
    };
    const program = startProgram({
      name,
      command: process.execPath,
      parameters: [join(ROOT, main)],
      options: { cwd: ROOT, env },
      port,
      log: join(directory, `${name}.log`),
    });
    programs.push(program);
    return program;
  };

/** The files of keys that the services are told of. */
const createSecrets = (directory: string) => {
  mkdirSync(directory);
  const file = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  return {
    file,
    keyPair: (name: string): { key: string; publicKey: string } => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return {
        key: file(`${name}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
        publicKey: file(`${name}.pub.pem`, publicKey.export({ type: 'spki', format: 'pem' }).toString()),
      };
    },
  };
};

const startSimulators = async (
  run: Run,
  { directory, ports }: ServicesOptions,
  stateDirectory: string,
): Promise<Simulators> => {
  const [platformPort, controlPort, authPort] = [await ports.next(), await ports.next(), await ports.next()];
  const platform = run('platform', 'simulators/platform/src/main.ts', controlPort, {
    DATA_DIR: directory,
    PLATFORM_PORT: String(platformPort),
    SIM_PORT: String(controlPort),
    SIM_STATE_DIR: stateDirectory,
  });
  const issuer = run('authorization-server', 'simulators/authorization-server/src/main.ts', authPort, {
    DATA_DIR: directory,
    AUTH_PORT: String(authPort),
  });
  await Promise.all([platform.up(), issuer.up()]);
  const clients: PlatformClients = JSON.parse(readFileSync(join(directory, 'platform/clients.json'), 'utf8'));
  return {
    platform,
    platformUrl: `https://127.0.0.1:${platformPort}`,
    platformCa: readFileSync(join(directory, 'platform/ca.pem'), 'utf8'),
    platformClients: clients,
    controlUrl: at(controlPort, '/_sim'),
    issuer: at(authPort),
  };
};

/** Owners, the workers of smart-home, and the gateway, which knows one address of each. */
const startOurs = async (
  run: Run,
  { directory, ports, databaseUrl: DATABASE_URL, redisUrl: REDIS_URL, workers }: ServicesOptions,
  { platformUrl, platformClients: { v1, v2 }, issuer }: Simulators,
): Promise<Pick<Services, 'gatewayUrl' | 'owners' | 'smartHomes' | 'gateway'> & { balancer: Balancer }> => {
  const { file, keyPair } = createSecrets(join(directory, 'secrets'));
  const [gatewayKey, smartHomeKey] = [keyPair('gateway'), keyPair('smart-home')];
  const platformKey = createPrivateKey({ key: v2.privateJwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' });
  const shared = {
    DATABASE_URL,
    VAULT_KEY: randomBytes(32).toString('base64'),
    GATEWAY_PUBLIC_KEY: gatewayKey.publicKey,
  };
  const addresses = async () => {
    const port = await ports.next();
    const own = {
      PORT: String(port),
      HEALTH_PORT: String(await ports.next()),
      EVENTS_PORT: String(await ports.next()),
    };
    return { port, own };
  };

  const { port: ownersPort, own: ownersOwn } = await addresses();
  const owners = run('owners', 'subgraphs/owners/src/main.ts', ownersPort, {
    ...shared,
    ...ownersOwn,
    REDIS_URL,
    SMART_HOME_PUBLIC_KEY: smartHomeKey.publicKey,
  });
  await owners.up();
  const smartHome = {
    ...shared,
    REDIS_URL,
    OWNERS_URL: at(ownersPort, '/graphql'),
    SMART_HOME_PRIVATE_KEY: smartHomeKey.key,
    PLATFORM_URL: platformUrl,
    PLATFORM_CA: join(directory, 'platform/ca.pem'),
    PLATFORM_CLIENT_ID: v2.clientId,
    PLATFORM_CLIENT_KEY: file('platform-client.pem', platformKey.toString()),
    PLATFORM_V1_SECRET: v1.secret,
    PLATFORM_V1_API_KEY: v1.apiKey,
  };
  const smartHomes: Program[] = [];
  const smartHomePorts: number[] = [];
  for (let worker = 1; worker <= workers; worker += 1) {
    const { port, own } = await addresses();
    smartHomePorts.push(port);
    smartHomes.push(run(`smart-home-${worker}`, 'subgraphs/smart-home/src/main.ts', port, { ...smartHome, ...own }));
  }
  const balancer = await startBalancer(smartHomePorts);
  const gatewayPort = await ports.next();
  const gateway = run('gateway', 'gateway/src/main.ts', gatewayPort, {
    GATEWAY_PORT: String(gatewayPort),
    ADMIN_PORT: String(await ports.next()),
    OWNERS_URL: at(ownersPort, '/graphql'),
    SMART_HOME_URL: at(balancer.port, '/graphql'),
    GATEWAY_PRIVATE_KEY: gatewayKey.key,
    AUTH_ISSUER: issuer,
    REDIS_URL,
    LIMITS_FILE: file('limits.json', LIMITS),
  });
  return { owners, smartHomes, gateway, balancer, gatewayUrl: at(gatewayPort, '/graphql') };
};

/** Resolves when everything is up. */
export const startServices = async (options: ServicesOptions): Promise<Services> => {
  const programs: Program[] = [];
  const run = createRun(options, programs);
  const stateDirectory = join(options.directory, 'platform-state');
  mkdirSync(stateDirectory);
  let balancer: Balancer | undefined;
  const stop = async (): Promise<void> => {
    // Whoever is asked outlives whoever asks.
    for (const program of programs.toReversed()) await program.stop();
    await balancer?.close();
  };
  try {
    const simulators = await startSimulators(run, options, stateDirectory);
    const ours = await startOurs(run, options, simulators);
    balancer = ours.balancer;
    await Promise.all(programs.map((program) => program.up()));
    return { ...simulators, ...ours, stateDirectory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Whether the simulator has written anything of what happened in it: only then may it be killed. */
export const keepsState = ({ stateDirectory }: Services): boolean => readdirSync(stateDirectory).length > 0;
