/**
 * Failures as a user meets them: one `error: CODE: text` line, perhaps a `hint:` line, and an exit code.
 *
 * Exit codes: 0 done, 1 the operation failed, 2 wrong usage, 3 no connection, 4 part of it failed. Commands throw one of
 * these or let a client error pass; `main` turns whatever arrives into the lines with `describeFailure`.
 */

export const exitCodes = { done: 0, failed: 1, usage: 2, unreachable: 3, partial: 4 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The command line is wrong; nothing was tried. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** The operation failed for a reason that the command itself found. `code` is a word in capitals. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, options: { hint?: string; exitCode?: ExitCode; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? exitCodes.failed;
  }
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;
}

/** What is said about an error, and the exit code. Client errors are told apart by name: see the client's errors.ts. */
export function describeFailure(error: unknown, bootstrap?: string): Failure {
  if (error instanceof UsageError) return { code: 'USAGE', message: error.message, hint: error.hint, exitCode: exitCodes.usage };
  if (error instanceof CommandError)
    return { code: error.code, message: error.message, hint: error.hint, exitCode: error.exitCode };
  if (!(error instanceof Error)) return { code: 'INTERNAL', message: String(error), hint: undefined, exitCode: exitCodes.failed };
  switch (error.name) {
    case 'KafkaError':
      return describeKafkaError(error);
    case 'ConnectionError':
      return { code: 'CANNOT_CONNECT', message: error.message, hint: connectHint(bootstrap), exitCode: exitCodes.unreachable };
    case 'TimeoutError':
      return describeTimeout(error, bootstrap);
    case 'UnsupportedError':
      return {
        code: 'UNSUPPORTED',
        message: error.message,
        hint: 'the broker is older or newer than this command',
        exitCode: exitCodes.failed,
      };
    default:
      return describeOther(error);
  }
}

function describeKafkaError(error: Error): Failure {
  const code = 'codeName' in error && typeof error.codeName === 'string' ? error.codeName : 'KAFKA';
  return { code, message: error.message, hint: hints.get(code), exitCode: exitCodes.failed };
}

function describeTimeout(error: Error, bootstrap: string | undefined): Failure {
  const neverConnected = error.cause instanceof Error && error.cause.name === 'ConnectionError';
  return {
    code: neverConnected ? 'CANNOT_CONNECT' : 'TIMEOUT',
    message: error.message,
    hint: neverConnected ? connectHint(bootstrap) : 'give it longer with --timeout, or look at `jackdaw cluster health`',
    exitCode: neverConnected ? exitCodes.unreachable : exitCodes.failed,
  };
}

function describeOther(error: Error): Failure {
  if (error instanceof RangeError) return { code: 'USAGE', message: error.message, hint: undefined, exitCode: exitCodes.usage };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL';
  const hint = code === 'INTERNAL' ? 'this looks like a bug; run again with -v for the stack' : undefined;
  return { code, message: error.message, hint, exitCode: exitCodes.failed };
}

function connectHint(bootstrap: string | undefined): string {
  const where = bootstrap === undefined ? '' : ` -b ${bootstrap}`;
  return `is a broker running there? try \`jackdaw doctor${where}\`, or start one with \`jackdaw dev up\``;
}

/** What to do about error codes that people meet often. */
const hints: ReadonlyMap<string, string> = new Map([
  ['TOPIC_ALREADY_EXISTS', 'use --if-not-exists to accept an existing topic'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'see `jackdaw topic list`, or create it with `jackdaw topic create`'],
  ['INVALID_REPLICATION_FACTOR', 'see `jackdaw broker list` for the brokers there are'],
  ['INVALID_PARTITIONS', 'partitions can be added, never removed'],
  ['GROUP_ID_NOT_FOUND', 'see `jackdaw group list`'],
  ['NON_EMPTY_GROUP', 'stop the members of the group first'],
  ['UNKNOWN_MEMBER_ID', 'the group has active members; stop them first'],
  ['NOT_ENOUGH_REPLICAS', 'too few replicas are in sync; see `jackdaw topic describe`'],
  ['SASL_AUTHENTICATION_FAILED', 'check sasl.jaas.config in the file given with --command-config'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'this user lacks the right; see the broker’s ACLs'],
  ['TOPIC_AUTHORIZATION_FAILED', 'this user lacks the right; see the broker’s ACLs'],
]);

/** The lines for stderr. */
export function failureLines(failure: Failure): string[] {
  const lines = [`error: ${failure.code}: ${failure.message}`];
  if (failure.hint !== undefined) lines.push(`hint: ${failure.hint}`);
  return lines;
}
