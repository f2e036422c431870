/**
 * `jackdaw server start`: one broker in this process, until SIGTERM or Ctrl-C.
 */
import { once } from 'node:events';
import { fromBroker } from '../../broker-package.ts';
import { defineCommand, type Command } from '../../command.ts';
import { CommandError, exitCodes } from '../../failure.ts';
import { loadServerConfig, serverOptions } from '../../server-config.ts';

export const command: Command = defineCommand({
  build: serverOptions,
  run: async (args, context) => {
    const loaded = await loadServerConfig(args, context);
    for (const warning of loaded.warnings) context.out.warn(warning);
    const startBroker = await fromBroker('startBroker');
    const fatal = new AbortController();
    const options = { includeProcessMetrics: true, onFatal: (error: Error): void => fatal.abort(error) };
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
    if (fatal.signal.aborted) throw fatal.signal.reason;
    return exitCodes.done;
  },
});

/** A taken port or an unusable directory in words; everything else as it is. */
function explainStart(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const port = 'port' in error ? String(error.port) : '?';
  if (error.code === 'EADDRINUSE') {
    return new CommandError('PORT_IN_USE', `port ${port} is taken`, {
      hint: `stop what uses it, or choose another port with --listeners or --set`,
      cause: error,
    });
  }
  if (error.code === 'EACCES') {
    return new CommandError('NO_PERMISSION', error.message, {
      hint: 'check the owner of the data directory, or use a port above 1023',
      cause: error,
    });
  }
  return error;
}
