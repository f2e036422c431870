/**
 * Compares every table, field by field, with Kafka's own message definitions.
 *
 * The definitions are not part of the project; where they are absent the test says so loudly and counts as skipped.
 * `KAFKA_MESSAGES_DIR` names another place for them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiDefinitions } from '../src/api-definitions.ts';
import { allSchemas } from './support/all-schemas.ts';
import { comparableSchema, definitionsDirectory, loadDefinitions } from './support/kafka-definitions.ts';

const directory = definitionsDirectory();
const absent = "SKIPPED: no table was compared with Kafka's message definitions, which are not here; set KAFKA_MESSAGES_DIR";
if (directory === null) console.log(absent);
const options = { skip: directory === null ? absent : false };

test("every table equals Kafka's definition of the message, field by field", options, async (context) => {
  const definitions = loadDefinitions(directory ?? '');
  for (const schema of allSchemas) {
    await context.test(`${schema.name} equals its definition`, () => {
      const definition = definitions.get(schema.name);
      assert.ok(definition !== undefined, 'Kafka defines no such message');
      assert.deepEqual(comparableSchema(schema), definition);
    });
  }
});

test('no table is missing: requests, responses, group payloads, coordinator and metadata records', () => {
  const others = allSchemas.filter(({ name }) => !name.endsWith('Request') && !name.endsWith('Response'));
  assert.equal(apiDefinitions.size, 45);
  assert.equal(others.length, 25);
  assert.equal(allSchemas.length, apiDefinitions.size * 2 + others.length);
  assert.equal(new Set(allSchemas.map(({ name }) => name)).size, allSchemas.length);
});
