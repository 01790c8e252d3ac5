/** Our services and the two simulators, each by its own `main.ts` as an operator would start it. */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startBalancer } from './balancer.ts';
import { type Certificates, createCertificates, insideOf } from './certificates.ts';
import type { Ports } from './ports.ts';
import type { Program } from './program.ts';
import { at, createRun, type Run, type RunOptions, type Variables } from './run.ts';
import { createSecrets, type KeyFiles } from './secrets.ts';
import { type Simulators, startSimulators } from './simulators.ts';

export type { PlatformClients } from './simulators.ts';

/** One of ours: where it takes requests, and where it says whether it would. */
export type Service = Program & { readonly url: string; readonly readyUrl: string };
/** What the services know one another by; they look at the files again. */
export type Keys = {
  readonly certificates: Certificates;
  /** Of those who sign on whose behalf they ask: private, and public for whom they ask. */
  readonly gateway: KeyFiles;
  readonly smartHome: KeyFiles;
};
export type Services = Simulators & {
  readonly keys: Keys;
  /** Of the gateway, or of the balancer in front of several. */
  readonly gatewayUrl: string;
  readonly owners: Service;
  readonly smartHomes: readonly Service[];
  readonly gateways: readonly Service[];
  /** These and the simulators, whoever is asked before whoever asks. */
  readonly programs: readonly Program[];
  /** Where the simulator would keep its state, if it keeps any. */
  readonly stateDirectory: string;
  stop(): Promise<void>;
};

export type ServicesOptions = RunOptions & {
  databaseUrl: string;
  redisUrl: string;
  smartHome: {
    /** Processes, each with its worker. */
    count: number;
    /** What is started; the product's own `main.ts` when left out. */
    main?: string;
    /** Over what all of them are told. */
    environment?: Variables;
  };
  /** How many; one when left out. */
  gateways?: number;
  /** Whether the gateways speak TLS to the public, by `certificates.public` for localhost. */
  publicTls?: boolean;
  /** Whose tokens the gateways take; the development authorization server's when left out. */
  issuer?: string;
};

/** So many that no limit of ours is what a client meets. */
const WIDE = { max: 10_000, windowMs: 1_000 };
const LIMITED = ['Mutation.openAccessPoint', 'Mutation.addVehicle', 'Mutation.removeVehicle'];
const LIMITS = JSON.stringify(Object.fromEntries(LIMITED.map((name) => [name, WIDE])));

type Ours = Pick<Services, 'keys' | 'gatewayUrl' | 'owners' | 'smartHomes' | 'gateways'>;

/** The status that the address answers with; 0 when nobody does. */
export const statusOf = (url: string): Promise<number> =>
  fetch(url, { headers: { connection: 'close' } }).then(
    async (response) => {
      await response.body?.cancel();
      return response.status;
    },
    () => 0,
  );

type ServiceOptions = {
  name: string;
  main: string;
  variables: Variables;
  scheme: 'http' | 'https';
  /** Of the variables that say where it listens, and where for its health. */
  names?: [string, string];
};

const startService = async (
  run: Run,
  ports: Ports,
  { name, main, variables, scheme, names: [port, readyPort] = ['PORT', 'HEALTH_PORT'] }: ServiceOptions,
): Promise<Service> => {
  const [own, ready] = [await ports.next(), await ports.next()];
  const readyUrl = at(ready, '/readyz');
  const program = run(name, main, own, { [port]: String(own), [readyPort]: String(ready), ...variables }, async () => {
    if ((await statusOf(readyUrl)) !== 200) throw new Error(`${name} is not ready`);
  });
  return { ...program, url: at(own, '/graphql', scheme), readyUrl };
};

/** Owners, the processes of smart-home, and the gateways, who know one address of each. */
const startOurs = async (
  run: Run,
  { directory, ports, databaseUrl: DATABASE_URL, redisUrl: REDIS_URL, ...options }: ServicesOptions,
  { platformUrl, platformClients: { v1, v2 }, issuer }: Simulators,
  stops: (() => Promise<void>)[],
): Promise<Ours> => {
  const secrets = createSecrets(join(directory, 'secrets'));
  const { file, keyPair } = secrets;
  const certificates = createCertificates(secrets, new Date());
  const [gatewayKey, smartHomeKey] = [keyPair('gateway'), keyPair('smart-home')];
  const platformKey = createPrivateKey({ key: v2.privateJwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' });

  const startMany = (
    count: number,
    { name, variables, ...service }: ServiceOptions,
    /** What one of them is told besides. */
    own: (index: number) => Variables = () => ({}),
  ): Promise<Service[]> =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        startService(run, ports, {
          ...service,
          name: `${name}-${index + 1}`,
          variables: { ...variables, ...own(index) },
        }),
      ),
    );
  /** One address for all of them. */
  const addressOf = async (services: readonly Service[]): Promise<string> => {
    const [first, second] = services;
    if (first && !second) return first.url;
    const { port, close } = await startBalancer(services.map(({ url }) => Number(new URL(url).port)));
    stops.push(close);
    // It passes on what it does not read: TLS is spoken with whoever stands behind it.
    return at(port, '/graphql', first?.url.startsWith('https:') ? 'https' : 'http');
  };

  const shared = {
    DATABASE_URL,
    REDIS_URL,
    VAULT_KEY: randomBytes(32).toString('base64'),
    GATEWAY_PUBLIC_KEY: gatewayKey.publicKey,
  };
  const owners = await startService(run, ports, {
    name: 'owners',
    main: 'subgraphs/owners/src/main.ts',
    scheme: 'https',
    variables: { ...shared, ...insideOf(certificates, 'owners'), SMART_HOME_PUBLIC_KEY: smartHomeKey.publicKey },
  });
  await owners.up();
  const { count, main = 'subgraphs/smart-home/src/main.ts', environment } = options.smartHome;
  const smartHome = {
    ...shared,
    ...insideOf(certificates, 'smart-home'),
    OWNERS_URL: owners.url,
    SMART_HOME_PRIVATE_KEY: smartHomeKey.key,
    PLATFORM_URL: platformUrl,
    PLATFORM_CA: join(directory, 'platform/ca.pem'),
    PLATFORM_PINS: join(directory, 'platform/pins.txt'),
    PLATFORM_SIGNING_KEYS: join(directory, 'platform/signing-keys.json'),
    PLATFORM_CLIENT_CERT: join(directory, 'platform/client.pem'),
    PLATFORM_CLIENT_TLS_KEY: join(directory, 'platform/client-key.pem'),
    PLATFORM_CLIENT_ID: v2.clientId,
    PLATFORM_CLIENT_KEY: file('platform-client.pem', platformKey.toString()),
    PLATFORM_V1_SECRET: v1.secret,
    PLATFORM_V1_API_KEY: v1.apiKey,
    // So many that no plate is kept back: whoever reads the platform's ledger expects what was accepted.
    PLATE_BUDGET: '1000000',
    SITE_PLATE_BUDGET: '1000000',
    ...environment,
  };
  const eventsPorts: number[] = [];
  while (eventsPorts.length < count) eventsPorts.push(await ports.next());
  // The platform knows one address of all of them.
  const events = await startBalancer(eventsPorts);
  stops.push(events.close);
  const EVENTS_URL = at(events.port, '/webhooks/platform');
  const smartHomes = await startMany(
    count,
    { name: 'smart-home', main, scheme: 'https', variables: { EVENTS_URL, ...smartHome } },
    (index) => ({ EVENTS_PORT: String(eventsPorts[index]) }),
  );
  const { cert: TLS_CERT, key: TLS_KEY } = certificates.public;
  const gateway = {
    ...insideOf(certificates, 'gateway'),
    ...(options.publicTls && { TLS_CERT, TLS_KEY }),
    OWNERS_URL: owners.url,
    SMART_HOME_URL: await addressOf(smartHomes),
    GATEWAY_PRIVATE_KEY: gatewayKey.key,
    AUTH_ISSUER: options.issuer ?? issuer,
    DATABASE_URL,
    REDIS_URL,
    LIMITS_FILE: file('limits.json', LIMITS),
  };
  const gateways = await startMany(options.gateways ?? 1, {
    name: 'gateway',
    main: 'gateway/src/main.ts',
    scheme: options.publicTls ? 'https' : 'http',
    variables: gateway,
    names: ['GATEWAY_PORT', 'ADMIN_PORT'],
  });
  const keys = { certificates, gateway: gatewayKey, smartHome: smartHomeKey };
  return { keys, owners, smartHomes, gateways, gatewayUrl: await addressOf(gateways) };
};

/** Resolves when everything is up. */
export const startServices = async (options: ServicesOptions): Promise<Services> => {
  const programs: Program[] = [];
  const run = createRun(options, programs);
  const stateDirectory = join(options.directory, 'platform-state');
  mkdirSync(stateDirectory);
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all([...programs.map((program) => program.stop()), ...stops.map((each) => each())]);
  };
  try {
    const simulators = await startSimulators(run, options, stateDirectory);
    const ours = await startOurs(run, options, simulators, stops);
    await Promise.all(programs.map((program) => program.up()));
    return { ...simulators, ...ours, programs, stateDirectory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Whether the simulator has written anything of what happened in it: only then may it be killed. */
export const keepsState = ({ stateDirectory }: Services): boolean => readdirSync(stateDirectory).length > 0;
