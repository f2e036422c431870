/**
 * Runs every script in testdata and compares what it prints. `REWRITE=1` writes the scripts anew: read the difference.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { groupCommands } from './script/group-commands.ts';
import { offsetCommands } from './script/offset-commands.ts';
import { parseCommand, parseScript, printScript, type Step } from './script/parse.ts';
import { World } from './script/world.ts';
import { worldCommands } from './script/world-commands.ts';

const directory = new URL('../../test/testdata/', import.meta.url);

function run(world: World, step: Step): string {
  world.output = [];
  for (const line of step.commands) {
    const command = parseCommand(line);
    const action = groupCommands.get(command.verb) ?? offsetCommands.get(command.verb) ?? worldCommands.get(command.verb);
    assert(action !== undefined, `no such command: ${line}`);
    action(world, command);
  }
  return world.output.join('\n');
}

for (const name of readdirSync(directory).filter((file) => file.endsWith('.txt'))) {
  test(`the script ${name} prints what it says`, () => {
    const source = readFileSync(new URL(name, directory), 'utf8');
    const world = new World();
    const steps = parseScript(source);
    const results = steps.map((step) => ({ ...step, expected: run(world, step) }));
    if (process.env['REWRITE'] === '1') writeFileSync(new URL(name, directory), printScript(results));
    else assert.equal(printScript(results), printScript(steps));
  });
}
