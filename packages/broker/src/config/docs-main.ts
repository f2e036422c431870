/**
 * `node packages/broker/dist/src/config/docs-main.js`: writes docs/configuration.md and docs/configuration.schema.json
 * anew, from the tables of keys. Run it after a change of the tables; a test fails until that is done.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configurationJsonSchema, configurationMarkdown } from './docs.ts';

/** From packages/broker/dist/src/config up to the repository's root. */
const docs = new URL('../../../../../docs/', import.meta.url);

mkdirSync(fileURLToPath(docs), { recursive: true });
writeFileSync(new URL('configuration.md', docs), configurationMarkdown());
writeFileSync(new URL('configuration.schema.json', docs), configurationJsonSchema());
