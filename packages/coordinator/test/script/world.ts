/**
 * A shard with everything around it made of memory: the log, the cluster's topics, time, ids and named clients.
 *
 * The log can hold appends back, commit or refuse them, and outlives the shard, so that a move of the coordinator is to make
 * a new shard and replay what is committed. Whatever happens is a line of `output`.
 */
import { utf8Decode } from '@jackdaw/base';
import { errorName } from '@jackdaw/protocol';
import {
  defaultGroupConfig,
  type CoordinatorRecord,
  type GroupConfig,
  type GroupEvent,
  GroupShard,
  type Now,
  type RequestContext,
  type TopicResolver,
} from '../../src/index.ts';
import { formatEvent, formatRecord } from './format.ts';

interface HeldAppend {
  readonly records: readonly CoordinatorRecord[];
  readonly onResult: (errorCode: number) => void;
}

/** A client as the scripts name it: what it knows of its membership. */
export interface Client {
  readonly name: string;
  memberId: string;
  generationId: number;
  protocolName: string | null;
  leader: string;
}

export class World {
  config: GroupConfig = { ...defaultGroupConfig };
  readonly topicIds = new Map<string, string>();
  readonly partitionCounts = new Map<string, number>();
  readonly clients = new Map<string, Client>();
  /** Committed records in log order. */
  readonly log: CoordinatorRecord[] = [];
  readonly held: HeldAppend[] = [];
  isHolding = false;
  showsEvents = false;
  nowMs = 0;
  output: string[] = [];
  #uuids = 0;
  #shard: GroupShard | null = null;

  get shard(): GroupShard {
    return this.#shard ?? this.start();
  }

  /** A new shard that has loaded the log. */
  start(): GroupShard {
    const shard = this.newShard();
    for (const { key, value } of this.log) shard.replay(key, value);
    shard.onLoaded(this.now());
    return shard;
  }

  /** A new shard that is still loading. */
  newShard(): GroupShard {
    this.#shard = new GroupShard({
      config: this.config,
      newUuid: () => `u${++this.#uuids}`,
      append: (records, onResult) => this.#append({ records, onResult }),
      topics: this.#topics(),
      onEvent: (event) => this.#onEvent(event),
    });
    return this.#shard;
  }

  say(line: string): void {
    this.output.push(line);
  }

  now(): Now {
    const wallMs = 1_000_000 + this.nowMs;
    return { nowMs: this.nowMs, wallMs, trustedWallMs: wallMs };
  }

  context(clientId: string, apiVersion: number): RequestContext {
    return { ...this.now(), clientId, clientHost: '/10.0.0.1', apiVersion };
  }

  client(name: string): Client {
    let client = this.clients.get(name);
    if (client === undefined) {
      client = { name, memberId: '', generationId: -1, protocolName: null, leader: '' };
      this.clients.set(name, client);
    }
    return client;
  }

  /** Lets time pass as a broker does, with a tick wherever the shard asked for one. */
  advance(deltaMs: number): void {
    const endMs = this.nowMs + deltaMs;
    while (this.nowMs < endMs) {
      this.nowMs = Math.min(endMs, Math.max(this.nowMs + 1, this.shard.nextDeadlineMs()));
      this.shard.tick(this.now());
    }
  }

  /** The broker's event loop stands still, and then runs its timers. */
  stall(deltaMs: number): void {
    this.nowMs += deltaMs;
    this.shard.tick(this.now());
  }

  /** Gives the oldest held appends their result. */
  settle(count: number, errorCode: number): void {
    this.shard.passTime(this.now());
    for (const append of this.held.splice(0, count)) this.#settle(append, errorCode);
  }

  #append(append: HeldAppend): void {
    if (this.isHolding) this.held.push(append);
    else this.#settle(append, 0);
  }

  #settle({ records, onResult }: HeldAppend, errorCode: number): void {
    for (const record of records) {
      if (errorCode === 0) this.log.push(record);
      this.say(`  log ${errorCode === 0 ? 'committed' : `refused ${errorName(errorCode)}`}: ${formatRecord(record)}`);
    }
    onResult(errorCode);
  }

  #onEvent(event: GroupEvent): void {
    if (this.showsEvents || event.kind === 'clock-stalled' || event.kind === 'limit-reached')
      this.say(`  event ${formatEvent(event)}`);
  }

  #topics(): TopicResolver {
    return {
      topicIdOf: (name) => this.topicIds.get(name) ?? null,
      topicNameOf: (topicId) => [...this.topicIds].find(([, id]) => id === topicId)?.[0] ?? null,
      hasPartition: (name, partition) => partition >= 0 && partition < (this.partitionCounts.get(name) ?? 0),
    };
  }
}

/** What is live in a log: the last value of each key, tombstones dropped. */
export function compacted(log: readonly CoordinatorRecord[]): CoordinatorRecord[] {
  const byKey = new Map<string, CoordinatorRecord>();
  for (const record of log) {
    const key = utf8Decode(record.key);
    byKey.delete(key);
    if (record.value !== null) byKey.set(key, record);
  }
  return [...byKey.values()];
}
