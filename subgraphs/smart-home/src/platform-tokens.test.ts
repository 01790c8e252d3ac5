import { openDatabase } from '@house/kernel/database';
import { platformTokensConform } from './platform-tokens-conforms.ts';

platformTokensConform('PGlite', () => openDatabase({ directory: 'memory' }));
