/**
 * `jackdaw version` with options; without any, `main` answers by itself.
 */
import { defineCommand } from '../command.ts';
import { readVersion } from '../version.ts';

export const command = defineCommand({
  build: (yargs) => yargs,
  run: async (_args, context) => {
    const version = readVersion();
    const data = { version, node: process.version, platform: `${process.platform}-${process.arch}` };
    await context.out.sheet({
      data,
      name: version,
      lines: () => [`jackdaw ${version} (node ${process.version}, ${data.platform})`],
    });
  },
});
