import { requireNode } from '@house/kernel/runtime';
import { runSmartHome } from './run.ts';

requireNode();
await runSmartHome({ environment: process.env, clock: () => new Date() });
