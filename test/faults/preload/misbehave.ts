/**
 * Orders for the library misbehave.c under a broker: calls that take longer or fail, a wall clock that is wrong. An order is
 * in force at once, and outlives a restart of the broker.
 */
import { closeSync, existsSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrokerLayout } from '../cluster.ts';
import type { LaunchCommand } from '../node-process.ts';
import { compileLibrary, withLibrary } from './compile.ts';

const source = fileURLToPath(new URL('../../../../test/faults/preload/misbehave.c', import.meta.url));

export interface Rule {
  readonly call: 'write' | 'sync' | 'read';
  /** Without it the call is only delayed. */
  readonly error?: 'EIO' | 'ENOSPC';
  /** Milliseconds, drawn between the two for each call. */
  readonly delayMs?: readonly [number, number];
  /** Of each call to be struck; default 1. */
  readonly chance?: number;
  /** How often in all; default without end. */
  readonly times?: number;
  /** What the path has in it, below the data directory; default anything. */
  readonly part?: string;
}

// As misbehave.c has them.
const magic = 0x3130454256414853n;
const calls = { write: 1, sync: 2, read: 3 } as const;
const rulesAt = 16;
const ruleBytes = 128;
const maxRules = 8;
const struckAt = 24;
const partAt = 32;

export function buildMisbehaviour(directory: string): string {
  return compileLibrary(source, directory);
}

/** The broker's command with the library under it. */
export function underMisbehaviour(library: string, broker: BrokerLayout, command: LaunchCommand): LaunchCommand {
  const control = controlOf(broker);
  if (!existsSync(control)) writeFileSync(control, emptyControl());
  return withLibrary(command, library, { MISBEHAVE_ROOT: broker.dataDir, MISBEHAVE_CONTROL: control });
}

/** These rules, and no others. Resets what {@link struckOf} counts. */
export function misbehave(broker: BrokerLayout, rules: readonly Rule[]): void {
  if (rules.length > maxRules) throw new RangeError(`${rules.length} rules; ${maxRules} are possible`);
  const file = openSync(controlOf(broker), 'r+');
  for (let i = 0; i < maxRules; i++) {
    const at = rulesAt + i * ruleBytes;
    const rule = rules[i];
    writeSync(file, Buffer.alloc(ruleBytes), 0, ruleBytes, at);
    if (rule === undefined) continue;
    const bytes = encodeRule(rule);
    // What kind of call it is about comes last: only then the rule is there.
    writeSync(file, bytes, 4, ruleBytes - 4, at + 4);
    writeSync(file, bytes, 0, 4, at);
  }
  closeSync(file);
}

/** How many calls were struck since the rules were made. */
export function struckOf(broker: BrokerLayout): number {
  const file = openSync(controlOf(broker), 'r');
  const bytes = Buffer.alloc(rulesAt + maxRules * ruleBytes);
  readSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
  let struck = 0;
  for (let i = 0; i < maxRules; i++) struck += bytes.readUInt32LE(rulesAt + i * ruleBytes + struckAt);
  return struck;
}

/** The broker's wall clock is wrong by so much from now on. */
export function shiftClock(broker: BrokerLayout, byMs: number): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(Math.round(byMs)) * 1_000_000n);
  const file = openSync(controlOf(broker), 'r+');
  writeSync(file, bytes, 0, 8, 8);
  closeSync(file);
}

function encodeRule({ call, error, delayMs = [0, 0], chance = 1, times = 0xffff_ffff, part = '' }: Rule): Buffer {
  const bytes = Buffer.alloc(ruleBytes);
  bytes.writeUInt32LE(calls[call], 0);
  bytes.writeInt32LE(error === undefined ? 0 : constants.errno[error], 4);
  bytes.writeUInt32LE(Math.round(chance * 1_000_000), 8);
  bytes.writeUInt32LE(times, 12);
  bytes.writeUInt32LE(delayMs[0] * 1_000, 16);
  bytes.writeUInt32LE(delayMs[1] * 1_000, 20);
  bytes.write(part, partAt, ruleBytes - partAt - 1, 'utf8');
  return bytes;
}

function emptyControl(): Buffer {
  const bytes = Buffer.alloc(rulesAt + maxRules * ruleBytes);
  bytes.writeBigUInt64LE(magic);
  return bytes;
}

function controlOf({ dataDir }: BrokerLayout): string {
  return join(dirname(dataDir), 'misbehave.control');
}
