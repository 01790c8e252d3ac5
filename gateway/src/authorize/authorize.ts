/** May you: from the supergraph's directives to a verdict on a whole operation, before any subgraph is asked. */
export { readRequirements } from './directives.ts';
export { argumentsOf, authorize, infoOf } from './judge.ts';
export { createPermissions, type RuleContext } from './permissions.ts';
export { allow, createGuards, type Guards, type RuleTree, type ShieldRule } from './shield.ts';
