/**
 * The residents: 36 clients that open doors and change the vehicles of their flats as fast as they are answered. Each
 * intent is written down before it is sent, each answer when it comes.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Focus } from './bugs.ts';
import type { Chance } from './chance.ts';
import type { Intent, Shown } from './history.ts';
import { createOpens, type Opens } from './opens.ts';
import type { Answer, Mutation, Resident } from './resident.ts';
import { createVehicleLanes } from './vehicle-lanes.ts';
import type { InhabitedFlat } from './world.ts';

const CLIENTS = 36;
const MIX = { openV2: 52, openV1: 20, vehicles: 28 } as const;
const TOGGLE_MIX = { openV2: 90, openV1: 5, vehicles: 5 };
/** A tap that is sent twice at the same moment. */
const IMPATIENT = 0.05;
/** A client whose door is in use asks for another one, not in a circle without a breath. */
const BREATH_MS = 5;

/** Sends an intent until it is answered, and writes both down. */
export type Send = (
  resident: Resident,
  mutation: Mutation,
  intent: Omit<Intent, 'key' | 'subject' | 'operationIds' | 'reusedAs'>,
  input: Readonly<Record<string, unknown>>,
) => Promise<{ answer: Answer; intent: Intent }>;

/** Asks for states, and writes them down. */
export type Look = (resident: Resident, ids: readonly string[]) => Promise<Map<string, string>>;

export type Load = {
  readonly intents: Intent[];
  readonly shown: Shown[];
  accepted(): number;
  /** Why intents were not accepted, with how many. */
  refusals(): Readonly<Record<string, number>>;
  /** Until `ops` are accepted or `stop` is called. */
  run(): Promise<void>;
  stop(): void;
  readonly openAll: Opens['all'];
};

export const createLoad = ({
  flats,
  ops,
  seed,
  chance,
  focus,
  mayGoOn,
}: {
  flats: readonly InhabitedFlat[];
  ops: number;
  /** Keys begin with it, so that a history says where it comes from. */
  seed: number;
  chance: Chance;
  focus: Focus | undefined;
  /** Resolves when one more may be accepted. */
  mayGoOn: (accepted: number) => Promise<void>;
}): Load => {
  const intents: Intent[] = [];
  const shown: Shown[] = [];
  const refusals: Record<string, number> = {};
  let accepted = 0;
  let stopped = false;
  const isOver = (): boolean => stopped || accepted >= ops;

  const send: Send = async (resident, mutation, what, input) => {
    const key = `chaos-${seed}-${intents.length + 1}`;
    const intent: Intent = { ...what, key, subject: resident.user, operationIds: [], reusedAs: [] };
    intents.push(intent);
    const once = () => resident.send(mutation, { ...input, idempotencyKey: key });
    const [first, second] = await Promise.all([once(), ...(chance.happens(IMPATIENT) ? [once()] : [])]);
    for (const answer of [first, second]) if (answer?.is === 'accepted') intent.operationIds.push(answer.operationId);
    const answer = second?.is === 'accepted' ? second : first;
    if (answer.is === 'accepted') accepted += 1;
    else {
      const reason = answer.is === 'refused' ? answer.code : `given up: ${answer.reason}`;
      refusals[reason] = (refusals[reason] ?? 0) + 1;
    }
    return { answer, intent };
  };

  const look: Look = async (resident, ids) => {
    // A house that is down for long tells nothing; that it comes back is asked for in the end.
    const states = await resident.states(ids).catch(() => new Map<string, string>());
    for (const [operationId, state] of states) shown.push({ operationId, state, at: Date.now() });
    return states;
  };

  const opens = createOpens({ flats, send, look, chance, onlyToggles: focus === 'toggles', isOver });
  const lanes = createVehicleLanes({ flats, send, look });
  const actions = {
    openV2: (own: Chance) => opens.somewhere(own, 'v2'),
    openV1: (own: Chance) => opens.somewhere(own, 'v1'),
    vehicles: (own: Chance) => lanes.change(own),
  };
  const client = async (own: Chance): Promise<void> => {
    for (; !isOver(); await delay(BREATH_MS)) {
      await mayGoOn(accepted);
      if (!isOver()) await actions[own.weighted(focus === 'toggles' ? TOGGLE_MIX : MIX)](own);
    }
  };

  return {
    intents,
    shown,
    accepted: () => accepted,
    refusals: () => refusals,
    run: async () => {
      await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(chance.stream(`client ${index}`))));
    },
    stop: () => {
      stopped = true;
    },
    openAll: opens.all,
  };
};
