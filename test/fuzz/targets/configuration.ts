/**
 * Configuration files and variables: whatever stands in them, the loader says what is wrong with it and never throws.
 */
import { isDeepStrictEqual } from 'node:util';
import { loadConfig, type LoadedConfig } from '@jackdaw/broker';
import { brokerConfigKeys } from '@jackdaw/metadata';
import { expect, type Outcome, type Target } from '../engine/target.ts';

/** What substitutions may find. */
const environment = { SECRET: 'hunter2', EMPTY: '', NODE_ID: '1', NESTED: '${env:SECRET}' };
const secrets: ReadonlyMap<string, string> = new Map([
  ['/secret', 'word\n'],
  ['/secrets.properties', 'password=word\nother=1\n'],
]);

function loadFile(name: string): (input: Uint8Array) => Outcome {
  return (input) => {
    const text = Buffer.from(input).toString('utf8');
    const readFile = (path: string): string => {
      if (path === name) return text;
      const secret = secrets.get(path);
      if (secret === undefined) throw new Error('ENOENT');
      return secret;
    };
    return outcomeOf(loadConfig({ file: name, env: environment, readFile, hostname: 'host' }));
  };
}

/** Lines of `NAME=value`: some are variables, some flags that set a key. */
function loadVariables(input: Uint8Array): Outcome {
  const env: Record<string, string> = Object.create(null) as Record<string, string>;
  const sets: string[] = [];
  for (const line of Buffer.from(input).toString('utf8').split('\n').slice(0, 200)) {
    const separator = line.indexOf('=');
    if (line.startsWith('--set ')) sets.push(line.slice(6));
    else if (separator > 0) env[line.slice(0, separator)] = line.slice(separator + 1);
  }
  const readFile = (path: string): string => secrets.get(path) ?? missing();
  return outcomeOf(loadConfig({ env, sets, readFile, hostname: 'host' }));
}

function missing(): never {
  throw new Error('ENOENT');
}

function outcomeOf(loaded: LoadedConfig): Outcome {
  if (!loaded.ok) {
    expect(loaded.errors.length > 0 && loaded.errors.length <= 101, `${loaded.errors.length} errors`);
    for (const error of loaded.errors) expectUsable(error);
    return 'refused';
  }
  const { config, warnings } = loaded;
  expect(Number.isInteger(config.nodeId), 'an accepted configuration has a node id');
  for (const warning of warnings) expectPrintable(warning);
  expect(isDeepStrictEqual(Object.hasOwn(Object.prototype, 'polluted'), false), 'no prototype was touched');
  return 'accepted';
}

/** Whoever reads an error must see which key (or line of which file) is meant, with which value, from where, and what to do. */
function expectUsable(error: string): void {
  expectPrintable(error);
  const setting = /^([^=]*)=(.*?) \((?:the default|from [^)]*)\): (.+)$/u.exec(error);
  const isPlaced =
    setting !== null ||
    /^configuration file[: ].*(line \d+|\(.+\)|must be a map)/u.test(error) ||
    /^.* \(from .+\): \S/u.test(error) ||
    /^.*: no such key .+\(unset it/u.test(error) ||
    /^--set .*: it must be key=value$/u.test(error) ||
    /^… and \d+ more/u.test(error);
  expect(isPlaced, `an error names no place: ${error.slice(0, 80)}`);
  expect(
    !/(RangeError|TypeError|SyntaxError|stack size|undefined|\[object |\n? +at .*:\d+:\d+)/u.test(error),
    `an error of the program: ${error}`,
  );
  const key =
    setting === null || setting[3]?.startsWith('no such key') === true ? undefined : brokerConfigKeys.get(setting[1] ?? '');
  if (key?.sensitive === true) expect(['', '[hidden]'].includes(setting?.[2] ?? ''), `a secret is shown: ${key.name}`);
  expect(!error.includes('hunter2') || key?.sensitive !== true, 'a secret is shown in what is wrong with it');
}

function expectPrintable(sentence: string): void {
  expect(sentence.length > 0 && sentence.length <= 2_100, `a sentence of ${sentence.length} characters`);
  expect(!/[\p{Cc}\u2028\u2029]/u.test(sentence), 'a sentence with control characters');
}

const lines = [
  'node.id=1',
  'process.roles=broker,controller',
  'listeners=PLAINTEXT://:9092,CONTROLLER://:9093',
  'advertised.listeners=PLAINTEXT://localhost:9092',
  'controller.listener.names=CONTROLLER',
  'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'controller.quorum.voters=1@localhost:9093',
  'log.dirs=data',
  'log.retention.ms=3600000',
];

const yaml = [
  'node:\n  id: 1\nprocess.roles: [broker, controller]\nlog:\n  dirs: data\n  retention: { ms: 1000 }\n',
  'node.id: 1\nlisteners: "PLAINTEXT://:9092"\ncontroller.quorum.voters: 1@localhost:9192\n# comment\nlog.dirs: >-\n  data\n',
  'a: &x 1\nb: *x\n',
  'node.id: 0x1\n? complex\n: value\n',
  '{ node.id: 1, log.dirs: "d\\u0061ta", message.max.bytes: ~ }',
  '--- !!map\nnode.id: !!int "1"\n...\n',
];

const words = [
  ...lines.map((line) => line.slice(0, line.indexOf('='))),
  '${env:SECRET}',
  '${env:NESTED}',
  '${file:/secret}',
  '${file:/secrets.properties:password}',
  '${file:/secrets.properties:',
  '__proto__',
  'constructor',
  '\\u0041',
  '\\u',
  '\\\n',
  '\\u001b[2J',
  '\\u202e',
  '- - - - - - - - - ',
  '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
  'ssl.keystore.password=hunter2\n',
  'PLAINTEXT://[::1]:9092',
  '1@host:9093,2@host:9094,3@[::1]:9095',
  '9223372036854775807',
  '1e400',
  '-0',
  '\ufeff',
  '&a [*a]',
  '<<: *a',
  '- - - - -',
  '{{{{[[[[',
  '"\\x',
  '%YAML 1.2\n---\n',
];

export const configurationTargets: readonly Target[] = [
  {
    name: 'config-properties',
    what: 'server.properties, with substitutions',
    seeds: () => [
      Buffer.from(`${lines.join('\n')}\n`),
      Buffer.from('node.id=1\nlog.dirs : a\\\n  b\n! c\n#d\nmessage.max.bytes 10\ncluster.id=${env:SECRET}${file:/secret}\n'),
    ],
    run: loadFile('server.properties'),
    words,
    maxInputBytes: 8_192,
    cost: 4,
    maxMs: 1_000,
  },
  {
    name: 'config-yaml',
    what: 'a configuration file in YAML, with substitutions',
    seeds: () => yaml.map((text) => Buffer.from(text)),
    run: loadFile('jackdaw.yaml'),
    words,
    maxInputBytes: 8_192,
    cost: 4,
    maxMs: 1_000,
    allocation: { fixedBytes: 16 * 1_048_576, bytesPerInputByte: 4_096 },
  },
  {
    name: 'config-environment',
    what: 'environment variables and --set',
    seeds: () => [
      Buffer.from('KAFKA_NODE_ID=1\nJACKDAW_LOG_DIRS=data\nKAFKA_CFG_MESSAGE_MAX_BYTES=100000\n--set log.retention.ms=5\n'),
      Buffer.from('KAFKA_LISTENERS=PLAINTEXT://:9092\nKAFKA_NODE_ID_FILE=/secret\nCLUSTER_ID=abc\nKAFKA_PORT=tcp://1.2.3.4:5\n'),
    ],
    run: loadVariables,
    words: [...words, 'KAFKA_', 'JACKDAW_', 'KAFKA_CFG_', '_FILE=/secret', '--set ', '___', 'KAFKA_BROKER_ID=1\n'],
    maxInputBytes: 2_048,
    cost: 4,
    maxMs: 1_000,
  },
];
