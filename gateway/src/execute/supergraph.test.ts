import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTelemetry } from '@house/kernel/telemetry';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { composeSupergraph, createSubgraphs, type House, startHouse } from '../test/house.ts';
import { createSupergraph } from './supergraph.ts';

let directory: string;
let file: string;
let house: House;
const first = composeSupergraph();
/** The same house where fewer may see `me`. */
const stricter = first.replace(
  'me: Person! @join__field(graph: OWNERS) @authenticated',
  'me: Person! @join__field(graph: OWNERS) @requiresScopes(scopes: [["audit:read"]])',
);

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'supergraph-'));
  file = join(directory, 'supergraph.graphql');
  writeFileSync(file, first);
  house = await startHouse({ supergraph: { file } });
});
afterEach(async () => {
  await house.close();
  rmSync(directory, { recursive: true });
});

const until = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20));
};
const statusOfMe = async (): Promise<number> => (await house.ask('{ me { id } }')).status;

describe('a supergraph file that changes', () => {
  test('is in force without a restart: what it opens and what it closes', async () => {
    expect(await statusOfMe()).toBe(200);
    writeFileSync(file, stricter);
    await until(async () => (await statusOfMe()) === 403);
    writeFileSync(file, first);
    await until(async () => (await statusOfMe()) === 200);
  });

  test.each([
    ['cannot be read as GraphQL', 'type Query {'],
    ['is not a supergraph', 'type Query { me: String }'],
    ['has a directive that would not be enforced', first.replace('type Person', 'type Person @authenticated')],
    ['names a subgraph that this gateway cannot reach', first.replaceAll('name: "owners"', 'name: "strangers"')],
    ['names a requirement for what is not there', stricter.replace('me: Person!', 'me: Nobody!')],
  ])('and %s is refused; the one before goes on serving', async (_what, text) => {
    writeFileSync(file, text);
    await until(() => house.lines.some((line) => line.includes('supergraph-refused')));
    expect(await statusOfMe()).toBe(200);
    expect((await house.ask('{ me { secret } }')).status).toBe(403);
    writeFileSync(file, stricter);
    await until(async () => (await statusOfMe()) === 403);
  });
});

test('a gateway does not start with a supergraph that it cannot enforce', async () => {
  const { subgraphs } = createSubgraphs();
  const { log } = createTelemetry({ service: 'test', level: 'silent' });
  const { gateway } = createSupergraph({
    source: { sdl: first.replace('type Person', 'type Person @authenticated') },
    subgraphs,
    policies: {},
    log,
  });
  await expect(gateway.load({ apollo: {} })).rejects.toThrow('Person: put @authenticated');
});
