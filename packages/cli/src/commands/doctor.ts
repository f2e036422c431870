/**
 * `jackdaw doctor`: follows a client's way into the cluster step by step, and says where it ends and what to change.
 *
 * The usual trouble is an advertised address that works only from where the broker runs; so every advertised address is
 * resolved and dialled from here.
 */
import { lookup } from 'node:dns/promises';
import {
  apis,
  apiNameOf,
  Cluster,
  Connection,
  formatAddress,
  isRetriable,
  parseBootstrap,
  resolveOptions,
  type Address,
  type BrokerMetadata,
} from '@jackdaw/client';
import { defineCommand, type Context } from '../command.ts';
import { exitCodes } from '../failure.ts';
import { connectionSettings } from '../settings.ts';
import type { Tone } from '../output/style.ts';

interface Finding {
  readonly verdict: 'ok' | 'warn' | 'bad';
  readonly step: string;
  readonly text: string;
  readonly remedy?: string;
}

export const command = defineCommand({
  build: (yargs) => yargs,
  run: async (_args, context) => {
    const findings: Finding[] = [];
    const reached = await checkBootstrap(context, findings);
    if (reached) await checkBrokers(context, findings);
    const worst = findings.some((finding) => finding.verdict === 'bad');
    await context.out.sheet({
      data: { ok: !worst, findings },
      name: worst ? 'bad' : 'ok',
      lines: (paint) =>
        findings.flatMap((finding) => [
          `${paint(tones[finding.verdict], marks[finding.verdict])} ${finding.step}: ${finding.text}`,
          ...(finding.remedy === undefined ? [] : [`     ${paint('accent', 'do:')} ${finding.remedy}`]),
        ]),
    });
    if (!worst) return exitCodes.done;
    return reached ? exitCodes.failed : exitCodes.unreachable;
  },
});

const tones: Readonly<Record<Finding['verdict'], Tone>> = { ok: 'good', warn: 'warn', bad: 'bad' };
const marks: Readonly<Record<Finding['verdict'], string>> = { ok: '[ok]  ', warn: '[warn]', bad: '[bad] ' };

function clientOptions(context: Context): Parameters<typeof Cluster.connect>[0] {
  const timeoutMs = Math.min(context.timeoutMs, 5_000);
  return {
    ...connectionSettings(context.globals, context.env).client,
    connectTimeoutMs: timeoutMs,
    requestTimeoutMs: timeoutMs,
    deadlineMs: timeoutMs,
  };
}

/** Dials every bootstrap address; true when one of them speaks Kafka. */
async function checkBootstrap(context: Context, findings: Finding[]): Promise<boolean> {
  let isReached = false;
  for (const address of parseBootstrap(context.bootstrap)) {
    const step = `bootstrap ${formatAddress(address)}`;
    if (!(await resolves(address, step, findings))) continue;
    const finding = await dial(context, address, step);
    findings.push(finding);
    if (finding.verdict === 'ok') isReached = true;
  }
  return isReached;
}

async function resolves(address: Address, step: string, findings: Finding[]): Promise<boolean> {
  try {
    await lookup(address.host);
    return true;
  } catch {
    findings.push({
      verdict: 'bad',
      step,
      text: `the name "${address.host}" does not resolve from here`,
      remedy: 'use a name or address that this machine knows, or add it to its hosts file',
    });
    return false;
  }
}

async function dial(context: Context, address: Address, step: string): Promise<Finding> {
  const startMs = performance.now();
  try {
    const connection = await Connection.open(address, resolveOptions(clientOptions(context)));
    const tookMs = Math.round(performance.now() - startMs);
    const missing = [apis.metadata, apis.produce, apis.fetch]
      .filter((api) => connection.versionFor(api) === undefined)
      .map(apiNameOf);
    connection.close();
    if (missing.length > 0)
      return {
        verdict: 'bad',
        step,
        text: `speaks Kafka, but no version in common of ${missing.join(', ')}`,
        remedy: 'use a broker of Kafka 4.0 or later',
      };
    return { verdict: 'ok', step, text: `speaks Kafka (${connection.versions.size} APIs, ${tookMs} ms)` };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { verdict: 'bad', step, text, remedy: remedyFor(text, address) };
  }
}

function remedyFor(text: string, address: Address): string {
  if (text.includes('refused'))
    return `nothing listens on port ${address.port}: start the broker (jackdaw dev up), or correct the port`;
  if (text.includes('within') || text.includes('no answer'))
    return 'a firewall or a wrong address: check that the port is published, and that the listener is not TLS';
  if (text.includes('closed the connection') || text.includes('reset'))
    return 'the listener may want TLS or SASL: set security.protocol in --command-config';
  return 'see the broker’s log';
}

async function checkBrokers(context: Context, findings: Finding[]): Promise<void> {
  const cluster = await Cluster.connect(clientOptions(context));
  try {
    const metadata = await cluster.fetchMetadata(null);
    findings.push({
      verdict: 'ok',
      step: 'metadata',
      text: `cluster ${metadata.clusterId ?? '?'} with ${metadata.brokers.length} broker(s), ${metadata.topics.length} topic(s)`,
    });
    if (metadata.controllerId < 0)
      findings.push({
        verdict: 'bad',
        step: 'controller',
        text: 'there is none',
        remedy: 'a majority of the controllers must be up: see `jackdaw quorum status`',
      });
    for (const broker of metadata.brokers) await checkBroker(context, broker, findings);
    const leaderless = metadata.topics.flatMap((topic) => topic.partitions.filter((one) => one.leaderId < 0));
    if (leaderless.length > 0) {
      findings.push({
        verdict: 'bad',
        step: 'partitions',
        text: `${leaderless.length} without a leader`,
        remedy: 'start the brokers that hold them: see `jackdaw cluster health`',
      });
    }
  } catch (error) {
    if (!isRetriable(error) && !(error instanceof Error && error.name === 'TimeoutError')) throw error;
    findings.push({ verdict: 'bad', step: 'metadata', text: error instanceof Error ? error.message : String(error) });
  } finally {
    await cluster.close();
  }
}

async function checkBroker(context: Context, broker: BrokerMetadata, findings: Finding[]): Promise<void> {
  const step = `broker ${broker.nodeId} advertises ${formatAddress(broker)}`;
  const setting = `KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://<an address that clients reach>:${broker.port}`;
  const remedy = `on broker ${broker.nodeId}: ${setting}`;
  const before = findings.length;
  if (!(await resolves(broker, step, findings))) {
    findings[before] = { ...(findings[before] as Finding), remedy };
    return;
  }
  const finding = await dial(context, broker, step);
  if (finding.verdict === 'bad') findings.push({ ...finding, remedy });
  else if (isLoopback(broker.host) && !parseBootstrap(context.bootstrap).some((address) => isLoopback(address.host))) {
    findings.push({
      verdict: 'warn',
      step,
      text: 'a loopback address: clients on other machines will end up at themselves',
      remedy,
    });
  } else findings.push(finding);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
