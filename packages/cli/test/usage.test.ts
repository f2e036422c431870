/**
 * The command line itself: help, version, and what is said to a wrong one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groups, singles } from '../src/manifest.ts';
import { jackdaw } from './jackdaw-process.ts';

test('help names every command, and version is one line', async () => {
  const help = await jackdaw(['--help']);
  assert.equal(help.code, 0);
  for (const entry of [...groups.map((group) => group.name), ...singles.map((single) => single.usage.split(' ')[0] as string)]) {
    assert.match(help.stdout, new RegExp(`^ {2}${entry}\\b`, 'm'));
  }
  assert.match((await jackdaw(['version'])).stdout, /^jackdaw \d+\.\d+\.\d+\n$/);
  assert.match((await jackdaw(['topic', 'create', '--help'])).stdout, /--replication-factor/);
});

test('every command of the manifest loads and shows its help', async () => {
  for (const entry of [...groups.flatMap((group) => group.commands), ...singles]) {
    assert.equal(typeof (await entry.load()).command.run, 'function', entry.usage);
  }
});

test('wrong usage is exit code 2 with the nearest right word', async () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['topic', 'create', 'x', '--partitons', '3'], /error: USAGE: unknown option --partitons\nhint: did you mean --partitions\?/],
    [['topc', 'list'], /unknown command "topc"\nhint: did you mean topic\?/],
    [['topic', 'crate'], /unknown command "crate"\nhint: did you mean topic create\?/],
    [['topic', 'create', 'x', '-p', 'many'], /--partitions: "many" is not a whole number/],
    [['topic', 'list', '-o', 'jsn'], /"jsn" is unknown\nhint: did you mean json\?/],
    [['topic', 'create', 'x', '-p', '1', '-p', '2'], /--partitions was given 2 times/],
  ];
  const results = await Promise.all(cases.map(([args]) => jackdaw(args)));
  results.forEach((result, i) => {
    assert.equal(result.code, 2, result.stderr);
    assert.match(result.stderr, cases[i]?.[1] as RegExp);
    assert.equal(result.stdout, '');
  });
});

test('nobody listening is exit code 3 with a hint', async () => {
  const result = await jackdaw(['topic', 'list', '-b', '127.0.0.1:1', '--timeout', '2s']);
  assert.equal(result.code, 3);
  assert.match(result.stderr, /error: CANNOT_CONNECT: cannot connect to 127\.0\.0\.1:1: connection refused\nhint: .*doctor/);
});

test('completion offers commands, options and formats without a cluster', async () => {
  const words = async (...typed: string[]): Promise<string[]> =>
    (await jackdaw(['--get-completions', ...typed])).stdout.split('\n').filter((word) => word !== '');
  assert.deepEqual(await words('topic', 'd'), ['describe', 'delete']);
  assert.deepEqual(await words('topic', 'create', 'x', '--part'), ['--partitions']);
  assert.deepEqual(await words('topic', 'list', '-o', 'nd'), ['ndjson']);
  assert.deepEqual(await words('topic', 'describe', '-b', '127.0.0.1:1', ''), []);
  for (const shell of ['bash', 'zsh', 'fish']) assert.match((await jackdaw(['completion', shell])).stdout, /--get-completions/);
});
