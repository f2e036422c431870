/**
 * Rows: links that are not cut but bad: slow, lossy, sliced, reset, half-open. Packets are lost by filters in the brokers'
 * namespaces, the rest is done by a proxy at every broker's door.
 */
import type { Prng } from '@jackdaw/base';
import type { FaultRun } from '../fault-run.ts';
import { whyNoNamespaces } from '../network/namespaces.ts';
import type { Party } from '../network/network.ts';
import type { LinkFault } from '../network/tcp-proxy.ts';
import type { FaultRow, Struck } from '../row.ts';
import { anyBroker } from './victims.ts';

interface BadLinks {
  readonly name: string;
  readonly fault: string;
  readonly expected: string;
  /** Share of the packets that is lost, in both directions. */
  readonly loss?: number;
  readonly connections?: LinkFault;
  /** The clients' connections, too. */
  readonly hitsClients?: boolean;
  readonly holdMs?: readonly [number, number];
}

const nothingLost = 'nothing acknowledged is lost, moved, changed, repeated or reordered';
const shortTiming = ['broker.session.timeout.ms=3000', 'broker.heartbeat.interval.ms=500', 'replica.lag.time.max.ms=3000'];

const kinds: readonly BadLinks[] = [
  {
    name: 'slow-links',
    fault: 'all that passes between one broker and everybody else takes 50 to 250 ms longer',
    expected: nothingLost,
    connections: { delayMs: [50, 250] },
    hitsClients: true,
  },
  {
    name: 'thin-links',
    fault: 'one broker is behind 64 KiB/s for the other brokers, in slices of 512 bytes',
    expected: nothingLost,
    connections: { bytesPerSecond: 65_536, sliceBytes: 512 },
  },
  {
    name: 'lossy-links',
    fault: 'one packet in ten between one broker and the others is lost, in both directions',
    expected: nothingLost,
    loss: 0.1,
  },
  {
    name: 'reset-links',
    fault: 'connections of one broker, clients included, are reset: one chunk in fifty is the last',
    expected: nothingLost,
    connections: { resetChance: 0.02, sliceBytes: 4_096 },
    hitsClients: true,
  },
  {
    name: 'half-open-links',
    fault: 'connections between one broker and the others fall silent without an end, and new ones as well',
    expected: `${nothingLost}; noticed by keepalive or session, and joined again when the links are whole`,
    connections: { isSilent: true },
    holdMs: [4_000, 7_000],
  },
];

export const linkRows: readonly FaultRow[] = kinds.map((kind) => ({
  name: kind.name,
  family: 'network',
  fault: kind.fault,
  expected: kind.expected,
  statements: ['F1', 'F2', 'A16'],
  cycles: 2,
  whyNot: whyNoNamespaces,
  prepare: () => ({
    cluster: { network: kind.connections === undefined ? 'namespaces' : 'links', settings: shortTiming },
    strike: spoil.bind(undefined, kind),
    holdMs: kind.holdMs ?? [2_000, 4_000],
    scope: 'network',
  }),
}));

function spoil(kind: BadLinks, run: FaultRun, prng: Prng): Promise<Struck> {
  const { network, nodeIds } = run.cluster;
  const victim = anyBroker(run, prng);
  const others = nodeIds.filter((nodeId) => nodeId !== victim);
  for (const other of others) {
    if (kind.loss !== undefined) {
      network.drop(victim, other, kind.loss);
      network.drop(other, victim, kind.loss);
    }
    if (kind.connections !== undefined) network.disturb(victim, other, kind.connections);
  }
  const callers: readonly Party[] = kind.hitsClients === true ? [...others, 'clients'] : others;
  if (kind.connections !== undefined) for (const caller of callers) network.disturb(caller, victim, kind.connections);
  return Promise.resolve({
    text: `${kind.name} of broker ${victim}`,
    victims: [victim],
    heal: () => Promise.resolve(network.heal()),
  });
}
