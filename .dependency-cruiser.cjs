/**
 * Who may import whom: the table of the house's architecture (README, «A map of the folders»), read by dependency-cruiser.
 *
 * A room is a folder under a service's `src/`; its front door is the file with the folder's own name. Everything that
 * is not named here is allowed. `scripts/src/check/guard.test.ts` plants one violation per rule and sees it named.
 */

const { Visitor } = require('@swc/core/Visitor.js');

/** swc reads `using`, but its visitor does not know it and would end the run: it is a variable like any other. */
const { visitStatement } = Visitor.prototype;
Visitor.prototype.visitStatement = function visit(statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  statement.decls = this.visitVariableDeclarators(statement.decls);
  return statement;
};

const SERVICES = '^(?:gateway|subgraphs)/';
const OURS = '^(?:gateway|kernel|schema|scripts|simulators|subgraphs|tests)/';
/** Tests, the suites that several drivers pass, and what tests share. */
const TESTS = '(?:\\.test\\.ts$|-conforms\\.ts$|/test/)';

/** @param {string} name @param {string} comment @param {object} from @param {object} to */
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** Rooms of the kernel, lowest first: a room may import the rooms of lower storeys, and its neighbours never. */
const KERNEL_STOREYS = [
  ['errors', 'clock', 'runtime'],
  ['config', 'telemetry', 'database', 'idempotency', 'payload', 'watched-files'],
  ['principal', 'vault', 'audit', 'outbox'],
  ['lifecycle', 'subgraph'],
];

const kernelRooms = (rooms) => `^kernel/src/(?:${rooms.join('|')})(?:\\.ts$|/)`;

const kernelRules = KERNEL_STOREYS.flatMap((rooms, storey) =>
  rooms.map((room) =>
    forbid(
      `kernel-${room}-looks-down-only`,
      `kernel/${room} may import the rooms below it: ${KERNEL_STOREYS.slice(0, storey).flat().join(', ') || 'none'}.`,
      { path: kernelRooms([room]), pathNot: TESTS },
      { path: '^kernel/src/', pathNot: kernelRooms([room, ...KERNEL_STOREYS.slice(0, storey).flat()]) },
    ),
  ),
);

module.exports = {
  forbidden: [
    forbid(
      'resolvable',
      'The import leads nowhere: a wrong path, or a door that the workspace does not export.',
      {},
      { couldNotResolve: true },
    ),
    forbid(
      'no-circle',
      'Two files that need each other to load are one file, or a third one is missing. Types may point both ways.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    forbid(
      'no-import-of-main',
      'main.ts starts things when it is loaded; import what it is made of.',
      {},
      { path: '/main\\.ts$' },
    ),
    forbid('no-import-of-tests', 'What a test offers to others is a file of its own.', {}, { path: '\\.test\\.ts$' }),
    forbid(
      'product-imports-no-test-support',
      'What only tests need is not part of what runs.',
      { path: '^(?:gateway|kernel|schema|simulators|subgraphs)/', pathNot: TESTS },
      { path: '^(?:gateway|kernel|schema|simulators|subgraphs)/.*(?:-conforms\\.ts$|/test/)' },
    ),
    forbid(
      'schema-imports-nothing',
      'The contract is a leaf.',
      { path: '^schema/', pathNot: TESTS },
      { path: OURS, pathNot: '^schema/' },
    ),
    forbid(
      'kernel-knows-nobody',
      'The kernel knows no feature and no contract.',
      { path: '^kernel/' },
      { path: OURS, pathNot: '^kernel/' },
    ),
    ...kernelRules,

    forbid(
      'gateway-speaks-graphql-only',
      'The gateway reaches a subgraph by GraphQL; it imports the kernel, the schema and itself.',
      { path: '^gateway/' },
      { path: OURS, pathNot: '^(?:gateway|kernel|schema)/' },
    ),
    forbid(
      'subgraph-imports-no-other-service',
      'A subgraph imports the kernel, the schema and itself. It asks another service over GraphQL.',
      { path: '^subgraphs/([^/]+)/' },
      { path: OURS, pathNot: '^(?:subgraphs/$1|kernel|schema)/' },
    ),
    forbid(
      'front-door-only',
      "A room is entered through the file with the room's own name.",
      {
        path: '^((?:gateway|subgraphs/[^/]+)/src/)([^/]+)/',
        pathNot: ['^subgraphs/[^/]+/src/platform/', '/src/test/'],
      },
      { path: '^$1[^/]+/', pathNot: ['^$1$2/', '^$1generated/', '^$1test/', '^$1([^/]+)/\\1\\.ts$'] },
    ),
    forbid(
      'front-door-only-for-wiring',
      "What wires the rooms together enters each by the file with the room's own name; types may be named from anywhere.",
      { path: '^((?:gateway|subgraphs/[^/]+)/src/)[^/]+\\.ts$', pathNot: TESTS },
      { path: '^$1[^/]+/', pathNot: ['^$1generated/', '^$1([^/]+)/\\1\\.ts$'], dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'only-platform-knows-versions',
      'REST has versions for platform/ only.',
      { path: '^subgraphs/([^/]+)/src/', pathNot: '^subgraphs/[^/]+/src/platform/' },
      { path: '^subgraphs/$1/src/platform/v\\d+/' },
    ),
    forbid(
      'platform-enters-no-room',
      "platform/ speaks our words and the platform's; it knows no room.",
      { path: '^(subgraphs/[^/]+/src/)platform/', pathNot: TESTS },
      { path: '^$1[^/]+/', pathNot: '^$1platform/' },
    ),
    forbid(
      'platform-contract-for-platform-only',
      "The external platform's contract is read by platform/, its simulator, the seeds of both worlds, and tests.",
      { path: '^(?:gateway|subgraphs/[^/]+/src/(?!platform/|seed\\.ts$))', pathNot: TESTS },
      { path: '^schema/platform/' },
    ),

    forbid(
      'simulator-shares-nothing',
      'A simulator that shared our code would agree with our mistakes; it knows the contract of the system it stands for.',
      { path: '^simulators/([^/]+)/' },
      // The authorization server stands for whoever knows the people: it gives the seeded ones their roles. That time is
      // a function is no opinion that two could share by mistake.
      {
        path: OURS,
        pathNot: ['^simulators/$1/', '^schema/platform/', '^schema/(?:roles|seed)\\.ts$', '^kernel/src/clock\\.ts$'],
      },
    ),
    forbid(
      'platform-simulator-knows-its-contract-only',
      'The external platform has never heard of our people and roles.',
      { path: '^simulators/platform/' },
      { path: '^schema/', pathNot: '^schema/platform/' },
    ),
    forbid(
      'no-import-of-simulators',
      'A stand-in is never deployed.',
      { path: `${SERVICES}|^kernel/`, pathNot: TESTS },
      { path: '^simulators/' },
    ),
  ],
  options: {
    /** TypeScript 7 has no interface for its syntax tree; swc reads the same source. */
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(?:^|/)\\.data/' },
    /** Without these it is blind to the imports of one workspace by another. */
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
