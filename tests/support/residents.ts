/** What a resident does with the app, in the app's own documents. */
import type { ApolloClient } from '@apollo/client';
import { documentOf } from './documents.ts';
import { eventually, newKey, type TestHouse } from './house.ts';

export type AccessPoint = {
  id: string;
  kind: string;
  name: string;
  actuation: string;
  connectivity: string;
  stateAsOf: string;
  allowedMethods: string[];
};
export type Home = {
  id: string;
  label: string;
  kind: string;
  complex: { id: string; name: string; platform: { health: string; apiVersion: string } };
  myMembership: { id: string; role: string; permissions: string[] } | null;
  capabilities: string[];
  accessPoints: AccessPoint[] | null;
  vehicles: { id: string; plate: string }[];
};
export type UserError = { code: string; message: string; path: string[] | null; retryAfterSeconds: number | null };
export type OperationStatus = {
  id: string;
  kind: string;
  state: string;
  attempts: number;
  deadline: string | null;
  finishedAt: string | null;
  error: UserError | null;
  platformVersion: string | null;
};
export type OpenAnswer = { operation: { id: string; state: string; deadline: string } | null; errors: UserError[] };
export type AddAnswer = {
  vehicle: { id: string; plate: string; country: string; provisioning: { state: string }[] } | null;
  operation: { id: string; state: string } | null;
  errors: UserError[];
};

const FINISHED = new Set(['SUCCEEDED', 'FAILED', 'EXPIRED', 'CANCELLED']);

export type Resident = {
  app: ApolloClient;
  homes(): Promise<Home[]>;
  home(label: string): Promise<Home>;
  /** Taps a door. Whatever the input lacks is the usual: a new key, the ten seconds. */
  open(input: {
    premisesId: string;
    accessPointId: string;
    deadlineMs?: number;
    idempotencyKey?: string;
  }): Promise<OpenAnswer>;
  addVehicle(input: { premisesId: string; plate: string; [field: string]: unknown }): Promise<AddAnswer>;
  removeVehicle(input: { vehicleId: string; idempotencyKey?: string }): Promise<OpenAnswer>;
  status(id: string): Promise<OperationStatus | null>;
  /** Polls until the operation has ended or shows `state`. */
  ending(id: string, state?: string): Promise<OperationStatus>;
};

export const residentOf = async (house: TestHouse, user: string, scope?: string): Promise<Resident> => {
  const app = await house.app(user, scope);
  const ask = async <T>(name: string, variables: Record<string, unknown> = {}): Promise<T> =>
    (await app.query({ query: documentOf(name), variables })).data as T;
  const change = async <T>(name: string, input: Record<string, unknown>): Promise<T> =>
    (await app.mutate({ mutation: documentOf(name), variables: { input: { idempotencyKey: newKey(), ...input } } }))
      .data as T;

  const homes = async (): Promise<Home[]> => (await ask<{ myPremises: Home[] }>('home-screen')).myPremises;
  const status = async (id: string): Promise<OperationStatus | null> =>
    (await ask<{ operation: OperationStatus | null }>('operation-status', { id })).operation;
  return {
    app,
    homes,
    status,
    home: async (label) => {
      const found = (await homes()).find((home) => home.label === label);
      if (!found) throw new Error(`${user} has no ${label}`);
      return found;
    },
    open: async (input) => (await change<{ openAccessPoint: OpenAnswer }>('open-access-point', input)).openAccessPoint,
    addVehicle: async (input) => (await change<{ addVehicle: AddAnswer }>('add-vehicle', input)).addVehicle,
    removeVehicle: async (input) =>
      (await change<{ removeVehicle: OpenAnswer }>('remove-vehicle', input)).removeVehicle,
    ending: async (id, state) => {
      const ended = await eventually(
        () => status(id),
        (operation) => operation !== null && (FINISHED.has(operation.state) || operation.state === state),
      );
      if (!ended) throw new Error(`operation ${id} is gone`);
      return ended;
    },
  };
};

/** The access point of that kind in a home whose list is known. */
export const pointOf = (home: Home, kind: string): AccessPoint => {
  const point = home.accessPoints?.find((candidate) => candidate.kind === kind);
  if (!point) throw new Error(`${home.label} reaches no ${kind}`);
  return point;
};
