/**
 * The checker's rules about a consumer group: who owns what, and what its offsets may be.
 *
 * A generation gives a partition to one member (D5). A commit of a generation that has been followed by another is refused
 * (D1). Offsets that are acknowledged never go back (D2), but for one thing: an attempt of unknown fate may arrive as late as
 * its generation lasts, and put its own, older offset in the place of a newer one.
 */
import type { HistoryIndex, Rule } from './checker-index.ts';
import { trimmedTo } from './checker-index.ts';
import type { GroupCommitted, GroupRead, Key, Owned } from './history.ts';
import type { Report } from './violation.ts';

export const groupRules: readonly Rule[] = [expectOneOwner, expectCommits, expectNothingSkipped];

function expectOneOwner({ others }: HistoryIndex, report: Report): void {
  const owners = new Map<string, string>();
  for (const { event } of others) {
    if (event.op !== 'own') continue;
    for (const key of event.keys) {
      const line = `${event.group} generation ${event.generation}: ${key}`;
      const owner = owners.get(line) ?? event.process;
      if (owner !== event.process) report('double-owner', `${line} belongs to ${owner} and to ${event.process}`);
      owners.set(line, owner);
    }
  }
}

interface Attempt {
  readonly generation: number;
  readonly offset: number;
  /** How many acknowledgements there had been when it was sent. */
  readonly sentAfter: number;
  /** Which acknowledgement was its own. */
  readonly acknowledgedAs: number;
}

/** What may be committed for one partition of a group. */
class Offsets {
  #acknowledgements = 0;
  #settled: Attempt = { generation: -1, offset: -1, sentAfter: 0, acknowledgedAs: 0 };
  #open: Attempt[] = [];
  /** Acknowledged while what is settled was, and nobody can say which of them came first. */
  #rivals: Attempt[] = [];

  invoke({ generation, offset }: GroupCommitted): void {
    this.#open.push({ generation, offset, sentAfter: this.#acknowledgements, acknowledgedAs: Number.POSITIVE_INFINITY });
  }

  /**
   * `lastWritten` is the last generation that is known to be in the log, because a member got its assignment in it. One that is
   * only formed lives in its coordinator's memory: a member may commit in it when the next rebalance has begun already, and the
   * next coordinator goes on in the generation before, as in Kafka.
   */
  ok(event: GroupCommitted, lastWritten: number): void {
    const sent = this.#take(event);
    // Acknowledged late: a later generation, which is written, has gone on from there.
    if (sent === undefined) return;
    const { generation, sentAfter } = sent;
    const attempt = { ...sent, acknowledgedAs: ++this.#acknowledgements };
    const isRacing = this.#settled.acknowledgedAs > sentAfter;
    if (isRacing && generation < this.#settled.generation) {
      // The same; but a later generation that is not written may have been forgotten before this one came.
      if (this.#settled.generation > lastWritten) this.#rivals.push(attempt);
      return;
    }
    this.#settled = attempt;
    this.#rivals = this.#rivals.filter(({ acknowledgedAs }) => acknowledgedAs > sentAfter);
    this.#open = this.#open.filter((other) => other.generation >= Math.min(generation, lastWritten));
  }

  fail(event: GroupCommitted): void {
    this.#take(event);
  }

  get possible(): number[] {
    return [this.#settled, ...this.#rivals, ...this.#open].map(({ offset }) => offset);
  }

  #take({ generation, offset }: GroupCommitted): Attempt | undefined {
    const at = this.#open.findIndex((other) => other.generation === generation && other.offset === offset);
    return at < 0 ? undefined : this.#open.splice(at, 1)[0];
  }
}

interface GroupState {
  /** The last one in which a member got its assignment: it is in the log. */
  generation: number;
  readonly offsets: Map<Key, Offsets>;
  /** By process and partition: what a commit under way may not go below, and whether its generation was over when it began. */
  readonly commits: Map<string, { readonly floor: number; readonly isStale: boolean }>;
  /** By process and partition: what a question under way may be answered. */
  readonly questions: Map<string, { readonly key: Key; readonly allowed: Set<number> }>;
}

function expectCommits({ others }: HistoryIndex, report: Report): void {
  const groups = new Map<string, GroupState>();
  for (const { event } of others) {
    if (event.op !== 'own' && event.op !== 'group-commit' && event.op !== 'group-read') continue;
    const state = stateOf(groups, event.group);
    if (event.op === 'own') state.generation = Math.max(state.generation, event.generation);
    else if (event.op === 'group-commit') checkCommit(state, event, report);
    else checkRead(state, event, report);
  }
}

function stateOf(groups: Map<string, GroupState>, group: string): GroupState {
  let state = groups.get(group);
  if (state === undefined) {
    state = { generation: -1, offsets: new Map(), commits: new Map(), questions: new Map() };
    groups.set(group, state);
  }
  return state;
}

function offsetsOf(state: GroupState, key: Key): Offsets {
  let offsets = state.offsets.get(key);
  if (offsets === undefined) {
    offsets = new Offsets();
    state.offsets.set(key, offsets);
  }
  return offsets;
}

function checkCommit(state: GroupState, event: GroupCommitted, report: Report): void {
  const { type, process, group, key, offset, generation } = event;
  const offsets = offsetsOf(state, key);
  const line = `${process} ${key}`;
  const what = `${group}: ${process} of generation ${generation} committed ${offset} for ${key}`;
  if (type === 'invoke') {
    state.commits.set(line, { floor: Math.min(...offsets.possible), isStale: generation < state.generation });
    offsets.invoke(event);
    for (const question of state.questions.values()) if (question.key === key) question.allowed.add(offset);
  } else if (type === 'fail') offsets.fail(event);
  else if (type === 'ok') {
    const begun = state.commits.get(line);
    if (begun?.isStale === true) report('stale-commit', `${what}, after a later generation had begun`);
    else if (begun !== undefined && offset < begun.floor) report('commit-went-back', `${what}, after ${begun.floor}`);
    offsets.ok(event, state.generation);
  }
}

function checkRead(state: GroupState, { type, process, group, key, offset }: GroupRead, report: Report): void {
  const line = `${process} ${key}`;
  if (type === 'invoke') {
    state.questions.set(line, { key, allowed: new Set(offsetsOf(state, key).possible) });
    return;
  }
  const allowed = state.questions.get(line)?.allowed;
  if (allowed === undefined || allowed.has(offset)) return;
  report('lost-commit', `${group}: ${process} read ${offset} for ${key}, expected ${[...allowed].join(' or ')}`);
}

/** A new owner goes on where the group was, or before: no record lies between that and what it reads first. */
function expectNothingSkipped(index: HistoryIndex, report: Report): void {
  const offsets = new Map<string, Offsets>();
  const generations = new Map<string, number>();
  const starts: { readonly at: number; readonly own: Owned; readonly key: Key; readonly start: number }[] = [];
  for (const { at, event } of index.others) {
    if (event.op === 'group-commit') {
      const line = `${event.group} ${event.key}`;
      const known = offsets.get(line) ?? new Offsets();
      offsets.set(line, known);
      if (event.type === 'ok') known.ok(event, generations.get(event.group) ?? -1);
      else if (event.type !== 'info') known[event.type](event);
    } else if (event.op === 'own') {
      generations.set(event.group, Math.max(event.generation, generations.get(event.group) ?? -1));
      for (const key of event.keys) {
        const possible = offsets.get(`${event.group} ${key}`)?.possible ?? [];
        starts.push({ at, own: event, key, start: Math.max(0, ...possible) });
      }
    }
  }
  for (const { at, own, key, start } of starts) {
    const { reader } = own;
    const first = index.readers.get(reader)?.find((one) => one.key === key && (one.poll?.records.length ?? 0) > 0);
    const offset = first?.poll?.records[0]?.[0];
    if (offset === undefined || first === undefined || first.at < at) continue;
    const from = Math.max(start, trimmedTo(index, key, first.at));
    const skipped = index.keys.get(key)?.readOffsets.find((one) => one >= from && one < offset);
    if (skipped !== undefined)
      report('group-skip', `${reader} began ${key} at ${offset} and not at ${skipped}; committed: ${start}`);
  }
}
