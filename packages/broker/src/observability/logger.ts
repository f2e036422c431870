/**
 * The log of one broker: pino, one JSON object a line, or readable lines on a terminal. Nothing is global, for several
 * brokers may run in one process; the pretty form is made in this process, for a worker would outlive its broker.
 *
 * What clients send is cut and its control characters are escaped before it reaches a line, so that a client id can
 * neither forge a line nor drive a terminal. Messages are constants; what varies goes into fields.
 */

import pino from 'pino';
import pretty from 'pino-pretty';
import type { LogFormat, LogLevel } from '../config/broker-config.ts';

export type Logger = pino.Logger;

/** Strings in fields are cut after this many characters. */
export const maxLoggedLength = 256;
/** A stack is our own text for the most part and may be longer. */
const maxStackLength = 8192;

export interface LoggerOptions {
  readonly nodeId: number;
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where whole lines go; by default standard output. */
  readonly destination?: { write(line: string): unknown };
  /** Whether the destination is a terminal; by default whether standard output is. */
  readonly isTerminal?: boolean;
}

/** Fields whose values never reach a line, at the top or one level down. */
const secretFields = ['password', 'secret', 'token', 'credentials', 'saslAuthBytes', 'authBytes'];

export function createLogger(options: LoggerOptions): Logger {
  const destination = options.destination ?? pino.destination({ dest: 1, sync: true });
  const isTerminal = options.isTerminal ?? (options.destination === undefined && process.stdout.isTTY === true);
  const isPretty = options.format === 'pretty' || (options.format === 'auto' && isTerminal);
  return pino(
    {
      level: options.level,
      base: { nodeId: options.nodeId },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: '[hidden]' },
      formatters: { level: (label) => ({ level: label }), log: cutFields },
      serializers: { err: serializeError },
    },
    isPretty ? prettyDestination(destination, isTerminal) : destination,
  );
}

/** A text from a client as it may stand in a log line or an error text: cut, control characters escaped. */
export function clientText(text: string): string {
  return escapeControls(text.length > maxLoggedLength ? `${text.slice(0, maxLoggedLength)}…` : text);
}

function cutFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? clientText(value) : value]),
  );
}

function serializeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: clientText(String(error)) };
  const { code } = error as Error & { code?: unknown };
  return {
    type: error.name,
    message: clientText(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: clientText(String(code)) } : {}),
    stack: stackOf(error),
    ...(error.cause === undefined ? {} : { cause: causeText(error.cause) }),
  };
}

/** The frames only: the first lines repeat the message, which may hold a client's text. */
function stackOf(error: Error): string {
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return frames.join('\n').slice(0, maxStackLength);
}

/** One level of the chain: the I/O error behind ours. */
function causeText(cause: unknown): string {
  return clientText(cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause));
}

/** Formats each JSON line for people, with no escape sequence left that a client could have put into it. */
function prettyDestination(destination: { write(line: string): unknown }, colorize: boolean): { write(line: string): void } {
  const format = pretty.prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname', singleLine: true });
  return {
    write: (line) => {
      const record: unknown = JSON.parse(line, (name, value: unknown) => {
        if (typeof value !== 'string') return value;
        // Frames are lines of our own and keep their line ends.
        return name === 'stack' ? value.split('\n').map(escapeControls).join('\n') : escapeControls(value);
      });
      destination.write(format(record));
    },
  };
}

/** C0, DEL, C1 and the two Unicode line ends as \\xNN; a newline and a tab keep their usual escapes. */
function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
