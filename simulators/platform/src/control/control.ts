/**
 * `/_sim`: the strings of the simulator, apart from the platform that it imitates (contract §5.7). JSON in and out, no
 * authentication, loopback only. It answers while the platform hangs, freezes or refuses.
 */

import type { z } from 'zod';
import type { ContractViolation } from '../contract/contract.ts';
import { checkEvent } from '../contract/events.ts';
import type { PlatformEvent } from '../event-log.ts';
import type { OutageMode, Simulation } from '../simulation.ts';
import { presentEvent } from '../v2/events.ts';
import type { Mishap } from '../webhooks/webhooks.ts';
import * as bodies from './bodies.ts';
import { unknownMembers } from './unknown-members.ts';

export type ControlAnswer = { status: number; body: unknown };
export type ControlRequest = { method: string; path: string; query: URLSearchParams; body: unknown };

export type ControlDeps = {
  simulation: () => Simulation;
  reset: (seed: number | undefined) => Promise<void>;
  /** Of the whole platform. */
  outage: (mode: OutageMode | undefined) => Promise<void>;
  /** Ends what is being served for a site. */
  abort: (siteId: number) => void;
  /** Goes on with the next certificate or the next signing key. */
  rotate: (what: 'tls' | 'signing') => Promise<void>;
  /** As if somebody else had signed in with v1's clients. */
  endV1Tokens: () => void;
  violations: () => readonly ContractViolation[];
  /** Resolves when what has happened so far will be remembered. */
  onDisk: () => Promise<void>;
};

/** A request that the control plane can't follow; the message is for a person at a terminal. */
class ControlError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

type Call = ControlRequest & { id: string };
type Control = (call: Call) => unknown;

const parse = <Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> => {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw new ControlError(400, problems.join('; '));
};

const OK = { ok: true };

/** Paths below `/_sim`; `:id` takes one segment. */
const createRoutes = (deps: ControlDeps): Readonly<Record<string, Control>> => {
  const now = deps.simulation;
  const requireSite = (siteId: number) => {
    const site = now().world.site(siteId);
    if (!site) throw new ControlError(404, `there is no site ${siteId}`);
    return site;
  };
  return {
    'POST /reset': async ({ body }) => {
      await deps.reset(parse(bodies.resetBody, body).seed);
      return OK;
    },
    'GET /ledger': () => now().ledger.read(),

    'POST /faults': ({ body }) => ({ id: now().faults.add(parse(bodies.faultBody, body)).id }),
    'GET /faults': () => ({ faults: now().faults.list() }),
    'DELETE /faults': () => {
      now().faults.remove();
      return OK;
    },
    'DELETE /faults/:id': ({ id }) => {
      if (!now().faults.remove(id)) throw new ControlError(404, `there is no fault ${id}`);
      return OK;
    },

    'POST /outage': async ({ body }) => {
      const { siteId, on, mode } = parse(bodies.outageBody, body);
      if (siteId === undefined) await deps.outage(on ? mode : undefined);
      else {
        requireSite(siteId);
        if (on) now().outages.set(siteId, mode);
        else now().outages.delete(siteId);
        if (on) deps.abort(siteId);
      }
      return OK;
    },
    'POST /freeze': ({ body }) => {
      now().stall.freeze(parse(bodies.freezeBody, body).ms);
      return OK;
    },
    'POST /profile': ({ body }) => {
      const { siteId, profile } = parse(bodies.profileBody, body);
      if (siteId !== undefined) requireSite(siteId);
      now().profiles.set(profile, siteId);
      return OK;
    },

    'POST /rotate': async ({ body }) => {
      await deps.rotate(parse(bodies.rotateBody, body).what);
      return OK;
    },
    'POST /version': ({ body }) => {
      const { siteId, resource, version } = parse(bodies.versionBody, body);
      const site = requireSite(siteId);
      now().world.setVersion({ siteId, resource: resource ?? null, version });
      const data = { siteId, version: site.version, resources: { ...site.resources } };
      now().events.append({ type: 'site.version_changed', siteId, data });
      return OK;
    },
    'POST /deprecate': ({ body }) => {
      const { at, sunset } = parse(bodies.deprecateBody, body);
      now().deprecation = { at, sunset };
      return OK;
    },
    'POST /quirks': ({ body }) => {
      const { name, on } = parse(bodies.quirkBody, body);
      now().quirks.set(name, on);
      if (name === 'token-invalidation' && on) deps.endV1Tokens();
      return OK;
    },
    'GET /quirks': () => now().quirks.list(),

    'POST /devices/:id': ({ id, body }) => {
      const { world, vehicles } = now();
      const { connectivity, ...moods } = parse(bodies.deviceBody, body);
      const accessPoint = world.accessPoint(id);
      if (!accessPoint) throw new ControlError(404, `there is no device ${id}`);
      for (const mood of ['jammed', 'busy', 'lockedDown'] as const)
        accessPoint[mood] = moods[mood] ?? accessPoint[mood];
      if (connectivity !== undefined) setConnectivity(now(), id, connectivity);
      if (connectivity === 'online') vehicles.applyQueued(id);
      return OK;
    },
    'PUT /units/:id/plates': ({ id, body }) => {
      const { world, vehicles } = now();
      const unit = world.unit(id) ?? world.unitByLegacyId(Number(id));
      if (!unit) throw new ControlError(404, `there is no unit ${id}`);
      vehicles.seed(unit, parse(bodies.platesBody, body).plates);
      return OK;
    },
    'POST /events': ({ body }) => {
      const { duplicate, reorder, forge = false, ...event } = parse(bodies.eventBody, body);
      requireSite(event.siteId);
      return { event: cause(now(), event, forge || { duplicate, reorder }) };
    },
    'GET /events': () => ({ events: now().events.read() }),

    'GET /requests': ({ query }) => {
      const limit = bodies.limitQuery.safeParse(query.get('limit') ?? undefined);
      if (!limit.success) throw new ControlError(400, 'limit: a whole number from 0');
      return { requests: now().requests.read(limit.data) };
    },
    'GET /violations': () => ({ violations: deps.violations() }),
  };
};

const setConnectivity = ({ world, events }: Simulation, id: string, connectivity: 'online' | 'offline' | 'unknown') => {
  const accessPoint = world.accessPoint(id);
  if (!accessPoint || accessPoint.connectivity === connectivity) return;
  world.setConnectivity(accessPoint, connectivity);
  if (connectivity === 'unknown') return;
  events.append({
    type: `access_point.${connectivity}`,
    siteId: accessPoint.siteId,
    data: { accessPointId: id, connectivity },
  });
};

/**
 * An event that was not ours to cause: what its sender left out is null, and the rest must be as the contract says. One
 * that is forged has not happened: it is delivered, under a signature of nobody's, and no log tells of it.
 */
const cause = (
  { events, world, webhooks }: Simulation,
  { type, siteId, data }: { type: string; siteId: number; data: Readonly<Record<string, unknown>> },
  how: true | Mishap,
): PlatformEvent => {
  const whole = { ...unknownMembers(type), ...data };
  const accessPoint = 'accessPointId' in whole ? world.accessPoint(String(whole.accessPointId)) : undefined;
  const [finding] = checkEvent(
    presentEvent({ id: '0'.repeat(26), sequence: 1, type, siteId, occurredAt: '2026-01-01T00:00:00Z', data: whole }),
  );
  if (finding) throw new ControlError(400, `${finding.at}: ${finding.rule}`);
  if (typeof whole.accessPointId === 'string' && accessPoint?.siteId !== siteId)
    throw new ControlError(404, `there is no device ${whole.accessPointId} at site ${siteId}`);
  if (how !== true) return events.append({ type, siteId, data: whole }, how);
  const forged = events.imagine({ type, siteId, data: whole });
  webhooks.forge(forged);
  return forged;
};

const templateOf = (path: string): { template: string; id: string } => {
  const [, first = '', id = '', rest] = path.split('/');
  if (id === '') return { template: `/${first}`, id };
  return { template: `/${first}/:id${rest === undefined ? '' : `/${rest}`}`, id };
};

export const createControl = (deps: ControlDeps) => {
  const routes = createRoutes(deps);
  const known = Object.keys(routes).map((route) => route.replace(' ', ' /_sim'));
  return async ({ method, path, query, body }: ControlRequest): Promise<ControlAnswer> => {
    const { template, id } = templateOf(path);
    const control = routes[`${method} ${template}`];
    if (!control) return { status: 404, body: { error: 'the control plane has no such path', known } };
    try {
      const done = await control({ method, path, query, body, id });
      await deps.onDisk();
      return { status: 200, body: done };
    } catch (error) {
      if (error instanceof ControlError) return { status: error.status, body: { error: error.message } };
      throw error;
    }
  };
};
