/**
 * Ports for a development cluster: the Kafka ports are as asked for, the others step aside when theirs are taken.
 *
 * A Kafka port that is taken is an error, because clients are told the number; for gRPC and admin any free port will do,
 * unless the user has named one.
 */
import { createServer } from 'node:net';
import { CommandError, UsageError } from '../failure.ts';

export interface PortPlan {
  readonly count: number;
  readonly kafkaPort: number;
  /** Undefined: Kafka's port + 100, or what is free. */
  readonly grpcPort: number | undefined;
  /** Undefined: from 9644 on, or what is free. */
  readonly adminPort: number | undefined;
}

export interface BrokerPorts {
  readonly port: number;
  readonly grpcPort: number;
  readonly adminPort: number;
}

const grpcOffset = 100;
const firstAdminPort = 9644;

export async function choosePorts(plan: PortPlan): Promise<BrokerPorts[]> {
  const taken = new Set<number>();
  for (let i = 0; i < plan.count; i++) taken.add(plan.kafkaPort + i);
  if (plan.kafkaPort + plan.count - 1 > 65_535) throw new UsageError('--port: the ports of all brokers must be at most 65535');
  for (const port of taken)
    await expectFree(port, 'Kafka', `stop what uses it, or choose others: jackdaw dev up --port ${port + 1000}`);
  const result: BrokerPorts[] = [];
  for (let i = 0; i < plan.count; i++) {
    const port = plan.kafkaPort + i;
    const grpcPort = await choose(plan.grpcPort, i, { preferred: port + grpcOffset, what: 'gRPC', option: '--grpc-port', taken });
    const adminPort = await choose(plan.adminPort, i, {
      preferred: firstAdminPort + i,
      what: 'admin',
      option: '--admin-port',
      taken,
    });
    result.push({ port, grpcPort, adminPort });
  }
  return result;
}

interface Choice {
  readonly preferred: number;
  readonly what: string;
  readonly option: string;
  /** Ports given out already; the choice is added. */
  readonly taken: Set<number>;
}

async function choose(explicit: number | undefined, index: number, { preferred, what, option, taken }: Choice): Promise<number> {
  if (explicit !== undefined) {
    const port = explicit + index;
    if (taken.has(port)) throw new UsageError(`${option}: port ${port} is used twice`);
    await expectFree(port, what, `stop what uses it, or choose others with ${option}`);
    taken.add(port);
    return port;
  }
  let port = preferred <= 65_535 && !taken.has(preferred) && (await isFree(preferred)) ? preferred : await anyFree();
  while (taken.has(port)) port = await anyFree();
  taken.add(port);
  return port;
}

export async function expectFree(port: number, what: string, hint: string): Promise<void> {
  if (!(await isFree(port))) throw new CommandError('PORT_IN_USE', `port ${port} (${what}) is taken`, { hint });
}

function isFree(port: number): Promise<boolean> {
  return listen(port).then(
    () => true,
    () => false,
  );
}

function anyFree(): Promise<number> {
  return listen(0);
}

/** Takes the port for a moment; the number that was got. Rejects when it is taken. */
function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const got = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(got));
    });
  });
}
