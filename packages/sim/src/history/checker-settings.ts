/**
 * The checker's rules about what administrators and probes are told: settings last, producer ids are new, an epoch ends behind
 * its records, and no answer is one that no fault explains.
 */
import type { HistoryIndex, Rule } from './checker-index.ts';
import type { EpochEndAnswered, Key } from './history.ts';
import { noValue, Register } from './register.ts';
import type { Report } from './violation.ts';

export const settingRules: readonly Rule[] = [
  expectSettingsLast,
  expectNewProducerIds,
  expectEpochsEndBehindRecords,
  expectNoSurprise,
];

/** What the controller acknowledged is there when the world is whole again (E11). */
function expectSettingsLast({ others }: HistoryIndex, report: Report): void {
  const registers = new Map<string, Register>();
  for (const { event } of others) {
    if (event.op !== 'setting') continue;
    const { name, value, type } = event;
    const register = registers.get(name) ?? new Register(noValue);
    registers.set(name, register);
    if (type === 'invoke') register.invoke(value);
    else if (type === 'ok') register.ok(value);
    else if (type === 'fail') register.fail(value);
    else if (type === 'read' && !register.allows(value)) {
      report('lost-setting', `${name}: it is ${value}, expected ${register.possible.join(' or ')}`);
    }
  }
}

/** A producer id is given once, whichever broker gives it and whoever controls (C4). */
function expectNewProducerIds({ others }: HistoryIndex, report: Report): void {
  const owners = new Map<number, string>();
  for (const { event } of others) {
    if (event.op !== 'producer-id') continue;
    const owner = owners.get(event.id);
    if (owner !== undefined) report('producer-id-repeated', `${event.id} was given to ${owner} and to ${event.process}`);
    owners.set(event.id, event.process);
  }
}

/** What was read before the question, of the epoch asked for or an earlier one, lies before that epoch's end (A4). */
function expectEpochsEndBehindRecords({ others, readers }: HistoryIndex, report: Report): void {
  const polls = [...readers.values()]
    .flat()
    .filter(({ poll }) => poll !== null)
    .sort((a, b) => a.at - b.at);
  const highest = new Map<Key, Map<number, number>>();
  let seen = 0;
  for (const { at, event } of others) {
    if (event.op !== 'epoch-end') continue;
    if (event.type === 'ok') expectBehind(highest.get(event.key), event, report);
    else {
      for (let next = polls[seen]; next !== undefined && next.at < at; next = polls[++seen]) {
        for (const [offset, , epoch] of next.poll?.records ?? [])
          if (epoch !== undefined) note(highest, next.key, { offset, epoch });
      }
    }
  }
}

function note(highest: Map<Key, Map<number, number>>, key: Key, { offset, epoch }: { offset: number; epoch: number }): void {
  const byEpoch = highest.get(key) ?? new Map<number, number>();
  highest.set(key, byEpoch);
  byEpoch.set(epoch, Math.max(offset, byEpoch.get(epoch) ?? -1));
}

function expectBehind(byEpoch: ReadonlyMap<number, number> | undefined, answer: EpochEndAnswered, report: Report): void {
  for (const [epoch, offset] of byEpoch ?? []) {
    if (epoch > answer.epoch || offset < answer.endOffset) continue;
    const what = `offset ${offset} of epoch ${epoch} had been read`;
    report('epoch-end', `${answer.key}: epoch ${answer.epoch} is said to end at ${answer.endOffset}, but ${what}`);
  }
}

function expectNoSurprise({ others }: HistoryIndex, report: Report): void {
  for (const { event } of others) {
    if (event.op === 'unexpected') report('unexpected-answer', `${event.process}: ${event.error}`);
  }
}
