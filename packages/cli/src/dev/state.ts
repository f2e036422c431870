/**
 * What is remembered about a development cluster: a JSON file in its data directory, through which every `dev` command finds it.
 *
 * The file is replaced as a whole (written aside, then renamed), so that a reader never sees half of it.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CommandError } from '../failure.ts';
import type { ProcessIdentity } from './process-identity.ts';

export interface DevBroker {
  readonly id: number;
  readonly port: number;
  readonly grpcPort: number;
  readonly adminPort: number;
  readonly dataDir: string;
  readonly logFile: string;
  /** Null while it has not been started, or after it was stopped. */
  readonly process: ProcessIdentity | null;
}

export interface DevState {
  readonly version: 1;
  readonly clusterId: string;
  /** As given with --set, with `{id}` still in it. */
  readonly sets: readonly string[];
  readonly brokers: readonly DevBroker[];
}

/** --data-dir, then JACKDAW_DEV_DIR, then the user's state directory. Absolute. */
export function devDirectory(given: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state');
  return resolve(given ?? env['JACKDAW_DEV_DIR'] ?? join(base, 'jackdaw', 'dev'));
}

export function readState(directory: string): DevState | undefined {
  const file = stateFile(directory);
  if (!existsSync(file)) return undefined;
  return parseState(readFileSync(file, 'utf8'), file);
}

/** The state in a file's text; throws CommandError when it is none. Brokers are signalled by what stands here. */
export function parseState(text: string, file: string): DevState {
  const content = parsed(text);
  if (!isState(content)) {
    throw new CommandError('BAD_STATE', `${file} is not a state file of this version`, {
      hint: 'remove it if no cluster runs from this directory',
    });
  }
  return content;
}

/** The state, where a command is about a cluster that must exist. */
export function expectState(directory: string): DevState {
  const state = readState(directory);
  if (state !== undefined) return state;
  throw new CommandError('NO_CLUSTER', `there is no development cluster in ${directory}`, {
    hint: 'start one with `jackdaw dev up`, or name its directory with --data-dir',
  });
}

export function writeState(directory: string, state: DevState): void {
  mkdirSync(directory, { recursive: true });
  const file = stateFile(directory);
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(aside, file);
}

/** Reads, changes one broker and writes. */
export function updateBroker(directory: string, id: number, change: Partial<DevBroker>): DevState {
  const state = expectState(directory);
  const brokers = state.brokers.map((broker) => (broker.id === id ? { ...broker, ...change } : broker));
  const next = { ...state, brokers };
  writeState(directory, next);
  return next;
}

export function expectBroker(state: DevState, id: number): DevBroker {
  const broker = state.brokers.find((candidate) => candidate.id === id);
  if (broker !== undefined) return broker;
  throw new CommandError('NO_BROKER', `there is no broker ${id}`, {
    hint: `the brokers are ${state.brokers.map((one) => one.id).join(', ')}`,
  });
}

export function bootstrapOf(state: DevState): string {
  return state.brokers.map((broker) => `127.0.0.1:${broker.port}`).join(',');
}

function stateFile(directory: string): string {
  return join(directory, 'dev.json');
}

/** Undefined when it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isState(content: unknown): content is DevState {
  if (!isRecord(content) || content['version'] !== 1 || typeof content['clusterId'] !== 'string') return false;
  const { sets, brokers } = content;
  const isEachText = Array.isArray(sets) && sets.every((set) => typeof set === 'string');
  return isEachText && Array.isArray(brokers) && brokers.every(isBroker);
}

function isBroker(broker: unknown): boolean {
  if (!isRecord(broker)) return false;
  const numbers = ['id', 'port', 'grpcPort', 'adminPort'];
  if (!numbers.every((name) => Number.isSafeInteger(broker[name]))) return false;
  return typeof broker['dataDir'] === 'string' && typeof broker['logFile'] === 'string' && isIdentity(broker['process']);
}

/** A pid of 0 or less would mean a group of processes. */
function isIdentity(process: unknown): boolean {
  if (process === null) return true;
  return (
    isRecord(process) &&
    Number.isSafeInteger(process['pid']) &&
    Number(process['pid']) > 0 &&
    typeof process['startedAt'] === 'string'
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
