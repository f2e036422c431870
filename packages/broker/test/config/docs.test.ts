/** The generated documents are those of the tables. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brokerConfigKeys, topicConfigKeys } from '@jackdaw/metadata';
import { configurationJsonSchema, configurationMarkdown } from '../../src/config/docs.ts';

/** From packages/broker/dist/test/config up to the repository's root. */
const docs = new URL('../../../../../docs/', import.meta.url);

test('docs/configuration.md and its schema are what the tables say (node packages/broker/dist/src/config/docs-main.js)', () => {
  assert.ok(existsSync(new URL('configuration.md', docs)), 'docs/configuration.md is missing');
  assert.equal(readFileSync(new URL('configuration.md', docs), 'utf8'), configurationMarkdown());
  assert.equal(readFileSync(new URL('configuration.schema.json', docs), 'utf8'), configurationJsonSchema());
});

test('every key of the tables is documented, with a sentence', () => {
  const text = configurationMarkdown();
  for (const key of [...brokerConfigKeys.values(), ...topicConfigKeys.values()]) {
    assert.ok(text.includes(`\n\`${key.name}\` | `), key.name);
    assert.match(key.doc, /\.$/, key.name);
  }
});
