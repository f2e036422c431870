/**
 * `jackdaw server start`: one broker in this process, until SIGTERM or Ctrl-C.
 */
import { once } from 'node:events';
import { basename } from 'node:path';
import { fromBroker } from '../../broker-package.ts';
import { defineCommand, type Command } from '../../command.ts';
import { CommandError, exitCodes } from '../../failure.ts';
import { widenHeapMargin } from '../../heap-settings.ts';
import { CrashLoop } from './crash-loop.ts';
import { loadServerConfig, serverOptions } from '../../server-config.ts';

/** From the end of the broker to that of the process, at most. */
const lingerMs = 1_000;

export const command: Command = defineCommand({
  build: serverOptions,
  run: async (args, context) => {
    const loaded = await loadServerConfig(args, context);
    widenHeapMargin();
    const crashLoop = new CrashLoop(loaded.config.logDirs[0] ?? loaded.config.metadataLogDir, () => performance.now());
    crashLoop.expectEnded();
    process.on('uncaughtExceptionMonitor', (error) => crashLoop.onCrash(error));
    const startBroker = await fromBroker('startBroker');
    const fatal = new AbortController();
    const options = {
      includeProcessMetrics: true,
      warnings: loaded.warnings,
      onFatal: (error: Error): void => fatal.abort(error),
    };
    const broker = await startBroker(loaded.config, options).catch((error: unknown) => {
      throw explainStart(error);
    });
    void broker.whenReady.then(
      () => context.out.note(`broker ${broker.nodeId} serves on port ${broker.port}, admin on port ${broker.adminPort}`),
      () => undefined,
    );
    const end = AbortSignal.any([context.signal, fatal.signal]);
    if (!end.aborted) await once(end, 'abort');
    await broker.close();
    // Connections to peers that cannot be reached outlive the broker by minutes, and would keep the process.
    setTimeout(() => process.exit(), lingerMs).unref();
    if (fatal.signal.aborted) {
      crashLoop.onCrash(fatal.signal.reason);
      throw explainFatal(fatal.signal.reason);
    }
    crashLoop.onStopped();
    return exitCodes.done;
  },
});

/** A disk that failed under a running broker is no bug of it. */
function explainFatal(error: unknown): unknown {
  if (error instanceof Error && error.name === 'StorageError') return explainStart(error);
  if (!(error instanceof Error) || !(error.cause instanceof Error) || error.cause.name !== 'StorageError') return error;
  const hint = 'the disk must be writable and sound before this broker starts again';
  return new CommandError('STORAGE', `${error.message}: ${error.cause.message}`, { hint, cause: error });
}

/** A taken port, a foreign or unusable directory in words, with what to do; everything else as it is. */
function explainStart(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') {
    const port = 'port' in error ? String(error.port) : '?';
    return new CommandError('PORT_IN_USE', `port ${port} is taken`, {
      hint: `stop what uses it, or choose another port with --listeners or --set`,
      cause: error,
    });
  }
  const path = 'path' in error ? String(error.path) : '';
  const message = error.message.includes(path) ? error.message : `${error.message}: ${path}`;
  if (code === 'EACCES') {
    const hint = 'check the owner of the data directory, or use a port above 1023';
    return new CommandError('NO_PERMISSION', message, { hint, cause: error });
  }
  const kind = error.name === 'StorageError' && 'kind' in error ? String(error.kind) : kindOfSystemError(code);
  const known = kind === 'corrupt' && basename(path) === 'raft' ? damagedQuorum : storageFailures.get(kind);
  return known === undefined ? error : new CommandError(known.code, message, { hint: known.hint, cause: error });
}

/** By the kinds of the log's StorageError. */
const storageFailures: ReadonlyMap<string, { code: string; hint: string }> = new Map([
  ['exists', { code: 'DIRECTORY_IN_USE', hint: 'stop the other process, or give this node a directory of its own in log.dirs' }],
  [
    'corrupt',
    { code: 'FOREIGN_DIRECTORY', hint: "correct node.id, cluster.id or log.dirs; an empty directory begins a new node's data" },
  ],
  ['noSpace', { code: 'NO_SPACE', hint: 'free some space on that disk, or choose another with log.dirs' }],
  ['io', { code: 'STORAGE', hint: 'the disk must be writable and sound; log.dirs chooses another' }],
  ['notFound', { code: 'STORAGE', hint: 'the disk must be writable and sound; log.dirs chooses another' }],
]);

/** Its directory is called that; what is in it, other voters have as well. */
const damagedQuorum = {
  code: 'DAMAGED',
  hint: 'if a majority of the other voters is sound, remove this directory: the node gets from them what was in it',
};

function kindOfSystemError(code: string): string {
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'noSpace';
  return ['EROFS', 'EIO', 'ENOTDIR', 'EEXIST', 'ELOOP', 'ENAMETOOLONG', 'EPERM'].includes(code) ? 'io' : '';
}
