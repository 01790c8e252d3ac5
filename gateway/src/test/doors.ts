/** Doors behind a real gateway, each of one person or of all; for anybody else they do not exist. */
import { buildSubgraphSchema } from '@apollo/subgraph';
import { createSubgraph } from '@house/kernel/subgraph';
import { createTelemetry } from '@house/kernel/telemetry';
import type { GatewayOptions } from '../gateway.ts';
import { type Answer, composeSupergraph, type House, parseSubgraph, startHouse } from './house.ts';

const SDL = parseSubgraph(`
  type Query { nothing: String @authenticated }
  type Mutation { openAccessPoint(input: OpenAccessPointInput!): OperationPayload! @requiresScopes(scopes: [["access:open"]]) }
  input OpenAccessPointInput { accessPointId: ID! }
  type OperationPayload { operation: Operation errors: [UserError!]! }
  type Operation { id: ID! }
  type UserError { code: String! message: String! }
`);

/** `of-all-1` may open `door-of-all`, and `anna` may open `door-of-anna`. */
const mayOpen = (subject: string, door: string): boolean =>
  door === `door-${subject.startsWith('of-all-') ? 'of-all' : `of-${subject}`}`;

/** A door `misspelt-A+B` is refused with the codes A and B. */
export const misspelt = (...codes: readonly string[]): string => `misspelt-${codes.join('+')}`;

/** For `late-1` there is never an answer, and `breaking-1` breaks whatever is asked for. */
export const UNANSWERED = ['late-1', 'breaking-1'] as const;

/** What an app asks for, and what somebody asks for who wants to be seen as little as possible. */
export const SELECTIONS = { usual: 'operation { id } errors { code }', nothing: '__typename' } as const;

const documentOf = (accessPointId: string, selection: string): string =>
  `mutation { openAccessPoint(input: { accessPointId: "${accessPointId}" }) { ${selection} } }`;

export type Doors = House & {
  /** Who were let in, in their order. */
  readonly opened: readonly string[];
  open(who: string, door: string, selection?: string): Promise<Answer>;
};

export const startDoors = async (over: Partial<GatewayOptions>): Promise<Doors> => {
  const { log } = createTelemetry({ service: 'test', level: 'silent' });
  const opened: string[] = [];
  const openAccessPoint = (
    _: unknown,
    { input }: { input: { accessPointId: string } },
    { principal }: { principal: { subject: string } },
  ): Promise<never> | object => {
    if (principal.subject.startsWith('late-')) return new Promise<never>(() => undefined);
    if (principal.subject.startsWith('breaking-')) throw new TypeError('expected anybody else');
    const codes = input.accessPointId.match(/^misspelt-(.*)$/)?.[1]?.split('+');
    if (codes) return { operation: null, errors: codes.map((code) => ({ code, message: code })) };
    if (!mayOpen(principal.subject, input.accessPointId))
      return { operation: null, errors: [{ code: 'NOT_FOUND', message: 'There is no such object.' }] };
    opened.push(principal.subject);
    return { operation: { id: `op-${opened.length}` }, errors: [] };
  };
  const doors = createSubgraph({
    name: 'doors',
    log,
    createContext: (request) => request,
    schema: buildSubgraphSchema([{ typeDefs: SDL, resolvers: { Mutation: { openAccessPoint } } }]),
  });
  const house = await startHouse({
    supergraph: { sdl: composeSupergraph({ doors: SDL }) },
    subgraphs: { doors },
    ...over,
  });
  return {
    ...house,
    opened,
    open: (who, door, selection = SELECTIONS.usual) => house.ask(documentOf(door, selection), { claims: { sub: who } }),
  };
};
