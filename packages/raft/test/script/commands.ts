/**
 * What a script can say. Nodes are named by their numbers.
 *
 *   nodes voters=(1,2,3) observers=(4) maxInflightMessages=2 …   makes the cluster; limits are RaftOptions
 *   campaign 1 | tick 1 times=5 | propose 1 text size=100 | transfer 1 to=2 | read 1 id=7
 *   ready 1 | persist 1          a Ready's two halves
 *   send 1                       what may leave while a Ready is being written
 *   deliver 1 drop=(append)      what waits for node 1, but for kinds to be lost; duplicate=yes steps each twice
 *   stabilize 1 2 | stabilize    everything, until nothing is left; quiet=yes prints nothing
 *   cut from=1 to=2 | isolate 1 | mend | forget-messages
 *   crash 1 write=kept | restart 1 | wipe 1 | snapshot 1 keep=2 | report-snapshot 1 to=2 ok=yes | unreachable 1 to=2
 *   status 1 2 | log 1 | progress 1
 */

import assert from 'node:assert/strict';
import { utf8Encode } from '@jackdaw/base';
import { MemoryStorage } from '../../src/index.ts';
import { formatEntry, formatMessage } from './format.ts';
import type { Environment, Limits } from './environment.ts';
import type { Command } from './parse.ts';

type Handler = (environment: Environment, command: Command) => void;

export function runCommand(environment: Environment, command: Command): void {
  const handler = handlers.get(command.name);
  assert.ok(handler !== undefined, `no such command: ${command.name}`);
  if (command.options.get('quiet') === 'yes') environment.quietly(() => handler(environment, command));
  else handler(environment, command);
}

const handlers = new Map<string, Handler>([
  ['nodes', createNodes],
  ['campaign', (environment, command) => environment.node(first(command)).campaign()],
  ['tick', tick],
  ['propose', propose],
  ['transfer', transfer],
  ['read', read],
  ['ready', (environment, command) => environment.beginReady(environment.machine(first(command)))],
  ['persist', (environment, command) => environment.finishReady(environment.machine(first(command)))],
  ['send', (environment, command) => environment.sendNow(environment.machine(first(command)))],
  ['deliver', deliver],
  ['stabilize', (environment, command) => environment.stabilize(idsOrAll(environment, command))],
  ['cut', (environment, { options }) => void environment.cuts.add(`${options.get('from')}>${options.get('to')}`)],
  ['isolate', isolate],
  ['mend', (environment) => environment.cuts.clear()],
  ['forget-messages', forgetMessages],
  ['crash', crash],
  ['restart', (environment, command) => environment.start(environment.machine(first(command)))],
  ['wipe', wipe],
  ['snapshot', snapshot],
  ['report-snapshot', reportSnapshot],
  ['unreachable', (environment, command) => environment.node(first(command)).reportUnreachable(numberOf(command, 'to'))],
  ['status', status],
  ['log', log],
  ['progress', progress],
]);

function createNodes(environment: Environment, command: Command): void {
  const limits: Limits = {};
  for (const [key, value] of command.options) {
    if (key !== 'voters' && key !== 'observers') Object.assign(limits, { [key]: Number(value) });
  }
  environment.create(numbersOf(command, 'voters'), numbersOf(command, 'observers'), limits);
}

function tick(environment: Environment, command: Command): void {
  const times = numberOf(command, 'times', 1);
  for (let i = 0; i < times; i++) environment.node(first(command)).tick();
}

function propose(environment: Environment, command: Command): void {
  const text = (command.words[1] ?? '').padEnd(numberOf(command, 'size', 0), '.');
  const result = environment.node(first(command)).propose(utf8Encode(text));
  environment.print(JSON.stringify(result));
}

function transfer(environment: Environment, command: Command): void {
  const isBegun = environment.node(first(command)).transferLeadership(numberOf(command, 'to'));
  environment.print(isBegun ? 'begun' : 'refused');
}

function read(environment: Environment, command: Command): void {
  environment.print(JSON.stringify(environment.node(first(command)).requestRead(numberOf(command, 'id', 1))));
}

function deliver(environment: Environment, command: Command): void {
  const dropped = new Set((command.options.get('drop') ?? '').split(','));
  const machine = environment.machine(first(command));
  if (command.options.get('duplicate') === 'yes') machine.inbox = machine.inbox.flatMap((message) => [message, message]);
  if (command.options.get('reverse') === 'yes') machine.inbox.reverse();
  environment.deliver(machine, (message) => dropped.has(message.kind));
}

function isolate(environment: Environment, command: Command): void {
  for (const id of environment.machines.keys()) {
    environment.cuts.add(`${first(command)}>${id}`).add(`${id}>${first(command)}`);
  }
}

function forgetMessages(environment: Environment): void {
  for (const machine of environment.machines.values()) {
    for (const message of machine.inbox) environment.print(`lost ${formatMessage(message)}`);
    machine.inbox = [];
  }
}

/** `write=kept`: the write under way was durable, but nothing that follows it has happened. */
function crash(environment: Environment, command: Command): void {
  const machine = environment.machine(first(command));
  if (machine.writing !== null && command.options.get('write') === 'kept') environment.persist(machine, machine.writing);
  machine.writing = null;
  machine.node = null;
  machine.inbox = [];
}

function wipe(environment: Environment, command: Command): void {
  crash(environment, command);
  const machine = environment.machine(first(command));
  machine.directoryId += 'x';
  machine.storage = new MemoryStorage();
  environment.start(machine);
}

function snapshot(environment: Environment, command: Command): void {
  environment.snapshot(environment.machine(first(command)), numberOf(command, 'keep', 0));
}

function reportSnapshot(environment: Environment, command: Command): void {
  environment.node(first(command)).reportSnapshot(numberOf(command, 'to'), command.options.get('ok') === 'yes');
}

function status(environment: Environment, command: Command): void {
  for (const id of idsOrAll(environment, command)) {
    const { node } = environment.machine(id);
    if (node === null) {
      environment.print(`${id} down`);
      continue;
    }
    const now = node.status();
    const leader = now.leaderId === null ? `no leader (${now.noLeaderReason})` : `leader ${now.leaderId}`;
    const range = `log=${now.firstIndex}..${now.lastIndex} commit=${now.commitIndex} applied=${now.appliedIndex}`;
    const voters = now.voters.map((voter) => {
      const stranger = voter.strangerDirectoryId === null ? '' : `(heard ${voter.strangerDirectoryId})`;
      return `${voter.id}=${voter.directoryId ?? '?'}${stranger}`;
    });
    environment.print(`${id} ${now.role} t${now.term} ${leader} ${range} voters ${voters.join(' ')}`);
  }
}

function log(environment: Environment, command: Command): void {
  const { storage } = environment.machine(first(command));
  for (const entry of storage.entries(storage.firstIndex(), storage.lastIndex() + 1, Number.POSITIVE_INFINITY)) {
    environment.print(formatEntry(entry));
  }
}

function progress(environment: Environment, command: Command): void {
  const { peers, observers } = environment.node(first(command)).status();
  for (const peer of [...peers, ...observers]) {
    const counted = peer.isCounted ? '' : ' not counted';
    environment.print(
      `${peer.id} ${peer.state} match=${peer.matchIndex} next=${peer.nextIndex} inflight=${peer.inflightMessages}${counted}`,
    );
  }
}

function first(command: Command): number {
  const word = command.words[0];
  assert.ok(word !== undefined, `${command.name} needs a node`);
  return Number(word);
}

function idsOrAll(environment: Environment, command: Command): number[] {
  return command.words.length > 0 ? command.words.map(Number) : [...environment.machines.keys()];
}

function numberOf(command: Command, key: string, otherwise?: number): number {
  const value = command.options.get(key);
  if (value !== undefined) return Number(value);
  assert.ok(otherwise !== undefined, `${command.name} needs ${key}=`);
  return otherwise;
}

function numbersOf(command: Command, key: string): number[] {
  const value = command.options.get(key) ?? '';
  return value === '' ? [] : value.split(',').map(Number);
}
