/**
 * Files that the command line reads: properties of `--command-config` and profiles, and what is remembered of a development
 * cluster. Whatever stands in them, a command goes on or says in a sentence what is wrong; it never shows a stack.
 */
import { expect, type Outcome, type Target } from '../engine/target.ts';
import { internal } from '../internals.ts';
import type * as FailureModule from '../../../packages/cli/src/failure.ts';
import type * as PropertiesModule from '../../../packages/cli/src/input/properties.ts';
import type * as SecurityModule from '../../../packages/cli/src/input/security.ts';
import type * as StateModule from '../../../packages/cli/src/dev/state.ts';

const { CommandError, UsageError } = await internal<typeof FailureModule>('cli/failure');
const { parseProperties } = await internal<typeof PropertiesModule>('cli/input/properties');
const { securityOptions } = await internal<typeof SecurityModule>('cli/input/security');
const { parseState } = await internal<typeof StateModule>('cli/dev/state');

function readProperties(input: Uint8Array): Outcome {
  return refusing(() => {
    const properties = parseProperties(Buffer.from(input).toString('utf8'));
    // Files that they name are files of this machine.
    for (const name of ['ssl.truststore.location', 'ssl.keystore.location']) properties.delete(name);
    const { sasl } = securityOptions(properties);
    expect(
      sasl === undefined || (sasl.username !== undefined && sasl.password !== undefined),
      'SASL needs a name and a password',
    );
  });
}

function readState(input: Uint8Array): Outcome {
  return refusing(() => {
    const { brokers } = parseState(Buffer.from(input).toString('utf8'), 'dev.json');
    for (const { process } of brokers) expect(process === null || process.pid > 0, 'a process has a positive id');
  });
}

function refusing(run: () => void): Outcome {
  try {
    run();
    return 'accepted';
  } catch (error) {
    if ((error instanceof UsageError || error instanceof CommandError) && error.message !== '') return 'refused';
    throw error;
  }
}

const broker = {
  id: 1,
  port: 9092,
  grpcPort: 9192,
  adminPort: 9644,
  dataDir: '/d',
  logFile: '/l',
  process: { pid: 7, startedAt: '1' },
};

export const toolTargets: readonly Target[] = [
  {
    name: 'tool-properties',
    what: 'properties of --command-config and profiles, as the command line reads them',
    seeds: () => [
      Buffer.from(
        'bootstrap.servers=a:1\\\n ,b:2\nsecurity.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-256\n' +
          'sasl.username=u\nsasl.password=p\n',
      ),
      Buffer.from('security.protocol=SASL_PLAINTEXT\nsasl.jaas.config=x required username="u\\"" password=p;\n# c\n'),
      Buffer.from('security.protocol: SSL\nssl.truststore.certificates=-----BEGIN\nssl.endpoint.identification.algorithm=\n'),
    ],
    run: readProperties,
    words: ['sasl.jaas.config=', 'username="', 'password=', '\\\\', '\\\n', '\\u00', 'SASL_SSL', 'PLAIN', '__proto__='],
    maxInputBytes: 8_192,
  },
  {
    name: 'tool-dev-state',
    what: 'dev.json, what is remembered of a development cluster',
    seeds: () => [
      Buffer.from(JSON.stringify({ version: 1, clusterId: 'c', sets: ['a=b'], brokers: [broker, { ...broker, process: null }] })),
    ],
    run: readState,
    words: ['"process":', '"pid":-1', 'null', '[]', '{}', '1e400', '"__proto__":'],
    maxInputBytes: 4_096,
  },
];
