/**
 * `jackdaw server print-config`: every key with its value and where that comes from; secrets are hidden.
 */
import { fromBroker } from '../../broker-package.ts';
import { defineCommand } from '../../command.ts';
import { flag } from '../../input/options.ts';
import { loadServerConfig, serverOptions } from '../../server-config.ts';

export const command = defineCommand({
  build: (yargs) => serverOptions(yargs).option('overrides', flag('Only keys that are set')),
  run: async (args, context) => {
    const loaded = await loadServerConfig(args, context);
    const effectiveSettings = await fromBroker('effectiveSettings');
    const rows = effectiveSettings(loaded.config.view, loaded.sources).filter(
      (row) => !args.overrides || row.source !== 'default',
    );
    await context.out.listing({
      rows,
      columns: [
        { header: 'KEY', value: (row) => row.name },
        { header: 'VALUE', value: (row) => row.value },
        { header: 'SOURCE', value: (row) => row.source, tone: (row) => (row.source === 'default' ? 'dim' : 'accent') },
        { header: 'PLACE', value: (row) => row.place },
      ],
      name: (row) => row.name,
      kafka: () => rows.filter((row) => row.value !== null).map((row) => `${row.name}=${row.value}`),
    });
  },
});
