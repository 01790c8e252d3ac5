/** Smart-home as a process with the bug that `CHAOS_BUG` names. */
import { runSmartHome } from '@house/smart-home/run';
import { isBug } from './bugs.ts';
import { PLANTED } from './planted.ts';

const bug = process.env['CHAOS_BUG'] ?? '';
if (!isBug(bug) || bug === 'ack-before-commit') throw new Error(`there is no bug ${bug} of this process`);
await runSmartHome({ environment: process.env, clock: () => new Date(), alterations: PLANTED[bug] });
