/**
 * Parses a command line, runs the command, prints its failure, and closes what it opened.
 *
 * The first Ctrl-C aborts the context's signal, and commands end in an orderly way; the second ends the process at once.
 */
import type { Cluster } from '@jackdaw/client';
import { loadCodecs } from './broker-package.ts';
import type { ConnectOptions, Context, GlobalArgs } from './command.ts';
import { describeFailure, exitCodes, failureLines, UsageError, type ExitCode } from './failure.ts';
import { nearestName } from './input/suggest.ts';
import { parseDuration } from './input/quantities.ts';
import { outputFormats, Output, type OutputFormat } from './output/output.ts';
import { wantsColor } from './output/style.ts';
import { ParseFailure, parseCommandLine } from './parser.ts';
import { connectionSettings } from './settings.ts';
import { explainParseFailure } from './usage-errors.ts';

export async function run(argv: readonly string[]): Promise<number> {
  let args: GlobalArgs | undefined;
  let open: OpenContext | undefined;
  try {
    const selection = await parseCommandLine(argv);
    if (selection === undefined) return exitCodes.done;
    args = selection.args;
    open = openContext(args);
    return (await selection.command.run(args, open.context)) ?? exitCodes.done;
  } catch (error) {
    return await report(error, { argv, args, context: open?.context });
  } finally {
    await open?.close();
  }
}

interface Failed {
  readonly argv: readonly string[];
  readonly args: GlobalArgs | undefined;
  readonly context: Context | undefined;
}

async function report(error: unknown, { argv, args, context }: Failed): Promise<ExitCode> {
  if (isBrokenPipe(error)) return exitCodes.done;
  // A converter's error arrives as yargs' own kind, with our text.
  const wrong = error instanceof Error && error.name === 'YError' ? new ParseFailure(error.message, []) : error;
  const explained = wrong instanceof ParseFailure ? await explainParseFailure(wrong, argv) : wrong;
  const failure = describeFailure(explained, context?.bootstrap);
  const out = context?.out ?? makeOutput(undefined, 'table');
  out.errorLines(failureLines(failure));
  if (args?.verbose === true && error instanceof Error)
    out.errorLines([error.stack ?? '', causeText(error)].filter((line) => line !== ''));
  return failure.exitCode;
}

function causeText(error: Error): string {
  return error.cause instanceof Error ? `caused by ${error.cause.stack ?? error.cause.message}` : '';
}

/** `jackdaw consume t | head` ends the pipe early; that is no failure. */
function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}

interface OpenContext {
  readonly context: Context;
  readonly close: () => Promise<void>;
}

function openContext(args: GlobalArgs): OpenContext {
  const settings = connectionSettings(args, process.env);
  const timeoutMs = parseDuration(args.timeout, '--timeout');
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.done);
    throw error;
  });
  let connecting: Promise<Cluster> | undefined;
  const connect = async (options: ConnectOptions): Promise<Cluster> => {
    const { Cluster: ClusterClass } = await import('@jackdaw/client');
    return ClusterClass.connect({
      ...settings.client,
      clientId: 'jackdaw-cli',
      deadlineMs: timeoutMs,
      requestTimeoutMs: timeoutMs,
      connectTimeoutMs: Math.min(timeoutMs, 10_000),
      ...(options.withCodecs === true ? { codecs: await loadCodecs() } : {}),
    });
  };
  const context: Context = {
    out: makeOutput(args, readFormat(args.output)),
    globals: args,
    bootstrap: settings.bootstrap,
    timeoutMs,
    env: process.env,
    stdin: process.stdin,
    signal: stop.signal,
    connect: (options = {}) => (connecting ??= connect(options)),
  };
  const close = async (): Promise<void> => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    const cluster = await connecting?.catch(() => undefined);
    await cluster?.close();
  };
  return { context, close };
}

function makeOutput(args: GlobalArgs | undefined, format: OutputFormat): Output {
  const disabled = args?.color === false;
  const colorOf = (stream: NodeJS.WriteStream): boolean =>
    wantsColor({ disabled, isTTY: stream.isTTY === true, env: process.env });
  return new Output({
    format,
    isQuiet: args?.quiet ?? false,
    isVerbose: args?.verbose ?? false,
    stdout: process.stdout,
    stderr: process.stderr,
    colorStdout: colorOf(process.stdout),
    colorStderr: colorOf(process.stderr),
  });
}

function readFormat(given: string | undefined): OutputFormat {
  const name = given ?? 'table';
  const format = outputFormats.find((candidate) => candidate === name);
  if (format !== undefined) return format;
  const nearest = nearestName(name, outputFormats);
  throw new UsageError(
    `--output: "${name}" is unknown`,
    nearest === undefined ? `one of ${outputFormats.join(', ')}` : `did you mean ${nearest}?`,
  );
}
