/** What the platform says of itself: which version serves what, whether it works, what it allows. */
import { openApi } from '../contract/documents.ts';
import type { Handlers } from '../exchange.ts';
import type { Simulation } from '../simulation.ts';
import { etagOf } from './etag.ts';
import { healthOf } from './sites.ts';
import type { Tokens } from './tokens.ts';

/** The one dated minor that this simulator knows: the document's own. */
export const minorVersion = (): string => String((openApi('v2').document.info as { version: string }).version);

let documentTag: string | undefined;

/** Documented, not enforced: a simulator that refuses load would measure itself. `429` is a fault on demand. */
const POLICIES = [
  { name: 'open', quota: 15, windowSeconds: 60, partition: 'access-point' },
  { name: 'site', quota: 600, windowSeconds: 60, partition: 'site' },
];

const discovery = ({ world, deprecation, clock }: Simulation) => {
  const status = !deprecation ? 'current' : deprecation.sunset <= clock() ? 'retired' : 'deprecated';
  return {
    versions: [
      {
        id: 'v1',
        status,
        ...(deprecation
          ? { deprecatedAt: deprecation.at.toISOString(), sunsetAt: deprecation.sunset.toISOString() }
          : {}),
      },
      { id: 'v2', status: 'current', minor: minorVersion() },
    ],
    sites: {
      default: 'v2',
      overrides: world.sites.flatMap(({ id, version, resources }) => {
        const differing = Object.entries(resources).filter(([, speaks]) => speaks !== version);
        if (version === 'v2' && differing.length === 0) return [];
        const named = differing.length === 0 ? {} : { resources: Object.fromEntries(differing) };
        return [{ siteId: id, version, ...named }];
      }),
    },
    features: [],
  };
};

export const createAboutHandlers = (deps: {
  simulation: Simulation;
  tokens: Tokens;
  audiences: () => readonly string[];
}): Handlers => {
  const { simulation, tokens, audiences } = deps;
  return {
    discover() {
      const body = discovery(simulation);
      // Asked for anew each time: the next discovery after a change must say so.
      return { status: 200, headers: { ETag: etagOf(body), 'Cache-Control': 'no-cache' }, body };
    },
    issueToken: ({ body, clientId, received }) =>
      tokens.issue(body as Record<string, unknown>, audiences(), {
        clientId,
        certificate: received.clientCertificate ?? '',
      }),
    readHealth() {
      const sites = simulation.world.sites.map(({ id }) => ({ siteId: id, status: healthOf(simulation, id) }));
      const status = sites.every((site) => site.status === 'up') ? 'up' : 'degraded';
      return { status: 200, body: { status, checkedAt: simulation.clock().toISOString(), sites } };
    },
    readLimits: () => ({ status: 200, body: { policies: POLICIES } }),
    readContract() {
      const { document } = openApi('v2');
      documentTag ??= etagOf(document);
      return { status: 200, headers: { ETag: documentTag }, body: document };
    },
  };
};
