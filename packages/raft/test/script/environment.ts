/**
 * The nodes of a script: each with a storage that survives, one Ready at most being written, and an inbox.
 */

import assert from 'node:assert/strict';
import { Prng, utf8Encode } from '@jackdaw/base';
import { MemoryStorage, RaftNode, type RaftMessage, type RaftOptions, type Ready } from '../../src/index.ts';
import { formatMessage, formatReady } from './format.ts';

export interface Machine {
  readonly id: number;
  directoryId: string;
  storage: MemoryStorage;
  node: RaftNode | null;
  writing: Ready | null;
  inbox: RaftMessage[];
}

export type Limits = Partial<Omit<RaftOptions, 'id' | 'directoryId' | 'voters' | 'prng' | 'storage'>>;

export class Environment {
  readonly machines = new Map<number, Machine>();
  /** Directed cuts, as `from>to`. */
  readonly cuts = new Set<string>();
  #output: string[] = [];
  #voters: number[] = [];
  #limits: Limits = {};
  #isQuiet = false;

  create(voters: number[], observers: number[], limits: Limits): void {
    this.#voters = voters;
    this.#limits = limits;
    for (const id of [...voters, ...observers]) {
      const machine: Machine = {
        id,
        directoryId: `d${id}`,
        storage: new MemoryStorage(),
        node: null,
        writing: null,
        inbox: [],
      };
      this.machines.set(id, machine);
      this.start(machine);
    }
  }

  start(machine: Machine): void {
    machine.node = new RaftNode({
      id: machine.id,
      directoryId: machine.directoryId,
      voters: this.#voters,
      electionTicks: 10,
      heartbeatTicks: 2,
      prng: new Prng(machine.id),
      storage: machine.storage,
      maxMessageBytes: 1000,
      maxInflightMessages: 4,
      maxUncommittedBytes: 10_000,
      maxEntryBytes: 500,
      ...this.#limits,
    });
  }

  machine(id: number): Machine {
    const machine = this.machines.get(id);
    assert.ok(machine !== undefined, `no node ${id}`);
    return machine;
  }

  node(id: number): RaftNode {
    const { node } = this.machine(id);
    assert.ok(node !== null, `node ${id} is down`);
    return node;
  }

  print(line: string): void {
    if (!this.#isQuiet) this.#output.push(line);
  }

  /** Output is dropped while `action` runs. */
  quietly(action: () => void): void {
    const before = this.#isQuiet;
    this.#isQuiet = true;
    action();
    this.#isQuiet = before;
  }

  takeOutput(): string {
    const output = this.#output.join('\n');
    this.#output = [];
    return output === '' ? 'ok' : output;
  }

  /** The Ready's first half: what may leave before the write. */
  beginReady(machine: Machine): void {
    const node = this.node(machine.id);
    const ready = node.ready();
    this.print(`${machine.id} ready`);
    for (const line of formatReady(ready)) this.print(line);
    machine.writing = ready;
    this.#sendAll(ready.messages);
  }

  sendNow(machine: Machine): void {
    const messages = this.node(machine.id).takeMessages();
    for (const message of messages) this.print(`  send ${formatMessage(message)}`);
    this.#sendAll(messages);
  }

  /** The second half: the write is durable. */
  finishReady(machine: Machine): void {
    const ready = machine.writing;
    assert.ok(ready !== null, 'no Ready is being written');
    machine.writing = null;
    this.persist(machine, ready);
    this.#sendAll(ready.messagesAfterPersist);
    this.node(machine.id).advance(ready);
  }

  persist(machine: Machine, ready: Ready): void {
    if (ready.snapshot !== null) machine.storage.installSnapshot(ready.snapshot);
    machine.storage.append(ready.entries);
    if (ready.hardState !== null) machine.storage.setHardState(ready.hardState);
  }

  /** Steps what waits for `machine`; messages for which `isDropped` holds vanish. */
  deliver(machine: Machine, isDropped: (message: RaftMessage) => boolean): void {
    const inbox = machine.inbox;
    machine.inbox = [];
    for (const message of inbox) {
      if (machine.node === null || isDropped(message)) {
        this.print(`lost ${formatMessage(message)}`);
      } else {
        this.print(`deliver ${formatMessage(message)}`);
        machine.node.step(message);
      }
    }
  }

  /** Readies and deliveries of the given nodes until nothing is left to do. */
  stabilize(ids: readonly number[]): void {
    for (let round = 0; round < 200; round++) {
      let isBusy = false;
      for (const machine of ids.map((id) => this.machine(id))) {
        if (machine.node === null) continue;
        if (machine.inbox.length > 0) {
          this.deliver(machine, () => false);
          isBusy = true;
        }
        while (machine.node.hasReady()) {
          this.beginReady(machine);
          this.finishReady(machine);
          isBusy = true;
        }
      }
      if (!isBusy) return;
    }
    assert.fail('the nodes do not come to rest');
  }

  snapshot(machine: Machine, keptEntries: number): void {
    const node = this.node(machine.id);
    const { appliedIndex } = node.status();
    const snapshot = node.createdSnapshot(appliedIndex, utf8Encode(`state at ${appliedIndex}`));
    assert.ok(snapshot !== null, 'there is a newer snapshot');
    machine.storage.saveSnapshot(snapshot);
    machine.storage.compact(appliedIndex - keptEntries);
  }

  #sendAll(messages: readonly RaftMessage[]): void {
    for (const message of messages) {
      if (!this.cuts.has(`${message.from}>${message.to}`)) this.machines.get(message.to)?.inbox.push(message);
    }
  }
}
