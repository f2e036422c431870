/**
 * Apache Kafka's jars and the commands that run them: brokers of the peer, and the tools that load both sides.
 *
 * The jars come by Maven, once, into the cache that the client tests use too (test/clients/java). CLIENTS_KAFKA_LIBS names
 * a directory that has them already.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MissingProgramError } from './missing-program.ts';

export const kafkaVersion = '4.3.1';

/** What bin/kafka-run-class.sh of Kafka gives every JVM that it starts. */
const performanceFlags = [
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-Djava.awt.headless=true',
];
/** What bin/kafka-server-start.sh and the scripts of the tools have as KAFKA_HEAP_OPTS. */
const heapFlags = { broker: ['-Xmx1G', '-Xms1G'], tool: ['-Xmx512M'] };
const fetchTimeoutMs = 600_000;
const pom = fileURLToPath(new URL('../../../test/clients/java/pom.xml', import.meta.url));

/** The arguments of `java` that run a class of Kafka's with the heap that Kafka's own script gives it. */
export function javaArguments(kind: 'broker' | 'tool', className: string, args: readonly string[]): string[] {
  return [...heapFlags[kind], ...performanceFlags, '-cp', join(libraryDirectory(), '*'), className, ...args];
}

/** Throws when there is no Java, or no way to get the jars. */
export function installJava(): void {
  javaVersion();
  const directory = libraryDirectory();
  if (existsSync(join(directory, `kafka-tools-${kafkaVersion}.jar`))) return;
  fetchJars(directory);
}

export function javaVersion(): string {
  const { status, stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  if (status !== 0) {
    const hint = 'install a Java runtime, 17 or newer (for example the package openjdk-17-jre-headless), and have it in PATH';
    throw new MissingProgramError("there is no Java here, and Kafka's own tools are the client of this row", hint);
  }
  return /version "([^"]+)"/.exec(stderr)?.[1] ?? 'unknown';
}

function libraryDirectory(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return process.env['CLIENTS_KAFKA_LIBS'] ?? join(cache, 'jackdaw', `kafka-${kafkaVersion}`);
}

/** Into a directory of its own first: a fetch that is interrupted must not look like one that is done. */
function fetchJars(directory: string): void {
  mkdirSync(dirname(directory), { recursive: true });
  const partial = mkdtempSync(`${directory}-`);
  const args = ['-q', '-B', '-f', pom, `-Dkafka=${kafkaVersion}`, 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`];
  const { status, error, stdout, stderr } = spawnSync('mvn', args, { encoding: 'utf8', timeout: fetchTimeoutMs });
  if (status !== 0) {
    rmSync(partial, { recursive: true, force: true });
    const said = `${stdout}${stderr}`.trim().split('\n').at(-1) ?? '';
    const hint = `install Maven, or let CLIENTS_KAFKA_LIBS name a directory with the jars of Kafka ${kafkaVersion}`;
    throw new MissingProgramError(`Maven cannot fetch Kafka ${kafkaVersion}: ${error?.message ?? said}`, hint);
  }
  // One binding of slf4j only; the brokers stay silent but for what the JVM itself prints.
  for (const name of readdirSync(partial)) if (name.startsWith('log4j-slf4j')) rmSync(join(partial, name));
  rmSync(directory, { recursive: true, force: true });
  renameSync(partial, directory);
}
