/**
 * A resident's app: sends an intent under its key until it is accepted or refused. It may be impatient, never dishonest:
 * the same key always carries the same input.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Chance } from './chance.ts';

const OPERATIONS = join(import.meta.dirname, '../../../schema/operations');
const documentText = (name: string): string => readFileSync(join(OPERATIONS, `${name}.graphql`), 'utf8');

const MUTATIONS = {
  openAccessPoint: documentText('open-access-point'),
  addVehicle: documentText('add-vehicle'),
  removeVehicle: documentText('remove-vehicle'),
} as const;
export type Mutation = keyof typeof MUTATIONS;
const HOME_SCREEN = documentText('home-screen');

/** Of an app: the person sees that nothing happens and the request is sent again. */
const ATTEMPT_LIMIT_MS = 3_000;
const PATIENCE_MS = 40_000;
const PAUSE_MS = { least: 80, most: 400 };

/** A payload that says "not now" rather than "no". */
const NOT_NOW: ReadonlySet<string> = new Set(['PLATFORM_UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'INTERNAL']);

export type Answer =
  | { is: 'accepted'; operationId: string; vehicleId: string | undefined }
  | { is: 'refused'; code: string }
  /** It may have been accepted all the same. */
  | { is: 'given-up'; reason: string };

type Payload = {
  operation: { id: string; state: string } | null;
  vehicle?: { id: string } | null;
  errors: { code: string }[];
};
type Graphql = { data?: Record<string, unknown> | null; errors?: { extensions?: { code?: string } }[] };

export type Home = { id: string; accessPoints: { id: string; kind: string }[] | null };

export type Resident = {
  readonly user: string;
  /** Sends until it is accepted or refused. */
  send(mutation: Mutation, input: Readonly<Record<string, unknown>>, patienceMs?: number): Promise<Answer>;
  /** Sends once. */
  sendOnce(mutation: Mutation, input: Readonly<Record<string, unknown>>): Promise<Answer>;
  homes(): Promise<Home[]>;
  /** The states of operations that are shown to this resident, by their ids; asked until there is an answer. */
  states(ids: readonly string[]): Promise<Map<string, string>>;
};

export const createResident = ({
  url,
  user,
  token,
  chance,
}: {
  url: string;
  user: string;
  token: string;
  chance: Chance;
}): Resident => {
  /** @throws when there is no answer of the house's. */
  const ask = async (query: string, variables: object = {}): Promise<Graphql> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(ATTEMPT_LIMIT_MS),
    });
    return (await response.json()) as Graphql;
  };

  const sendOnce = async (mutation: Mutation, input: Readonly<Record<string, unknown>>): Promise<Answer> => {
    const { data, errors } = await ask(MUTATIONS[mutation], { input }).catch((error: Error): Graphql => {
      return { errors: [{ extensions: { code: error.message } }] };
    });
    const payload = data?.[mutation] as Payload | null | undefined;
    if (payload?.operation)
      return { is: 'accepted', operationId: payload.operation.id, vehicleId: payload.vehicle?.id };
    const code = payload?.errors[0]?.code;
    if (code !== undefined && !NOT_NOW.has(code)) return { is: 'refused', code };
    return { is: 'given-up', reason: code ?? errors?.[0]?.extensions?.code ?? 'no answer' };
  };

  const pause = (): Promise<void> => delay(chance.between(PAUSE_MS.least, PAUSE_MS.most));

  const untilAnswered = async (query: string): Promise<Record<string, unknown>> => {
    const limit = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const { data, errors } = await ask(query).catch((): Graphql => ({}));
      if (data && !errors) return data;
      if (limit.aborted) throw new Error(`${user} gets no answer: ${JSON.stringify(errors)}`);
      await pause();
    }
  };

  return {
    user,
    sendOnce,
    send: async (mutation, input, patienceMs = PATIENCE_MS) => {
      const limit = AbortSignal.timeout(patienceMs);
      for (;;) {
        const answer = await sendOnce(mutation, input);
        if (answer.is !== 'given-up' || limit.aborted) return answer;
        await pause();
      }
    },
    homes: async () => (await untilAnswered(HOME_SCREEN))['myPremises'] as Home[],
    states: async (ids) => {
      if (ids.length === 0) return new Map();
      const fields = ids.map((id, index) => `o${index}: operation(id: ${JSON.stringify(id)}) { id state }`);
      const shown = Object.values(await untilAnswered(`query States { ${fields.join(' ')} }`)) as ({
        id: string;
        state: string;
      } | null)[];
      return new Map(shown.flatMap((one) => (one ? [[one.id, one.state] as const] : [])));
    },
  };
};
