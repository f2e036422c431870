/**
 * `jackdaw server format`: writes meta.properties into the data directories, as kafka-storage does.
 *
 * Never needed (a broker formats at its first start), but it fixes the cluster id and shows permission trouble beforehand.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineCommand } from '../../command.ts';
import { CommandError } from '../../failure.ts';
import { flag, text } from '../../input/options.ts';
import { parseProperties } from '../../input/properties.ts';
import { loadServerConfig, serverOptions } from '../../server-config.ts';

export const command = defineCommand({
  build: (yargs) =>
    serverOptions(yargs)
      .option('cluster-id', { ...text('cluster-id', 'Any printable text; default cluster.id, or a new one'), alias: 't' })
      .option('ignore-formatted', flag('Leave directories alone that are formatted for the same cluster')),
  run: async (args, context) => {
    const { config } = await loadServerConfig(args, context);
    const clusterId = args['cluster-id'] ?? config.clusterId ?? randomId();
    for (const dir of config.logDirs) {
      const file = join(dir, 'meta.properties');
      const existing = existsSync(file) ? parseProperties(readFileSync(file, 'utf8')) : undefined;
      if (existing !== undefined)
        expectSame(existing, { dir, clusterId, nodeId: config.nodeId, mayExist: args['ignore-formatted'] });
      else writeMeta(dir, file, { clusterId, nodeId: config.nodeId });
      context.out.line(existing === undefined ? `formatted ${dir} for cluster ${clusterId}` : `${dir} is formatted already`);
    }
  },
});

interface Expected {
  readonly dir: string;
  readonly clusterId: string;
  readonly nodeId: number;
  readonly mayExist: boolean;
}

function expectSame(existing: ReadonlyMap<string, string>, { dir, clusterId, nodeId, mayExist }: Expected): void {
  const was = `cluster ${existing.get('cluster.id') ?? '?'}, node ${existing.get('node.id') ?? '?'}`;
  const isSame = existing.get('cluster.id') === clusterId && existing.get('node.id') === String(nodeId);
  if (isSame && mayExist) return;
  if (isSame)
    throw new CommandError('ALREADY_FORMATTED', `${dir} is formatted already (${was})`, {
      hint: 'use --ignore-formatted to accept that',
    });
  throw new CommandError('OTHER_CLUSTER', `${dir} belongs to ${was}`, {
    hint: 'choose another data directory, or remove this one if its data is not needed',
  });
}

function writeMeta(dir: string, file: string, { clusterId, nodeId }: { clusterId: string; nodeId: number }): void {
  mkdirSync(dir, { recursive: true });
  const lines = ['version=1', `cluster.id=${clusterId}`, `node.id=${nodeId}`, `directory.id=${randomId()}`];
  writeFileSync(file, `${lines.join('\n')}\n`, { flag: 'wx' });
}

/** 22 characters of base64url, Kafka's form of a 128-bit id; never one that a command line could take for an option. */
function randomId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}
