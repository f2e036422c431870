/**
 * `jackdaw server check-config`: all mistakes and warnings of a configuration, without starting anything.
 */
import { defineCommand, type Command } from '../../command.ts';
import { loadServerConfig, serverOptions } from '../../server-config.ts';

export const command: Command = defineCommand({
  build: serverOptions,
  run: async (args, context) => {
    const loaded = await loadServerConfig(args, context);
    const { nodeId, logDirs, clusterId } = loaded.config;
    await context.out.sheet({
      data: { ok: true, nodeId, clusterId, logDirs, warnings: loaded.warnings },
      name: String(nodeId),
      lines: (paint) => [
        ...loaded.warnings.map((warning) => `${paint('warn', 'warning:')} ${warning}`),
        `${paint('good', 'ok:')} broker ${nodeId} can start with this configuration`,
      ],
    });
  },
});
