/**
 * A fault in several steps around a recovery point on the disk that a cut log comes to once more, with other records: a leader
 * alone writes a batch, and the recovery point passes it; it has to cut that off for one of its successor's that is as long, and
 * goes on from just there.
 */
import { sometimes } from '@jackdaw/base';
import type { FaultContext } from './context.ts';
import { shut, when } from './scheme.ts';
import { leadAlone, logOf, recoveryPointIn, type LoneLeader } from './storage-schemes.ts';

/** How often it looks, in virtual ms: a sync takes about half a millisecond. */
const closelyMs = 0.1;

export function cutToPoint(context: FaultContext): void {
  const alone = leadAlone(context);
  if (alone === null) return;
  const { former, placed, sharedEnd, undo } = alone;
  when(context, {
    pollMs: closelyMs,
    isDue: () => (logOf(former, placed)?.logEndOffset ?? 0) > sharedEnd,
    onDue: () => {
      const openClients = shutClients(context);
      when(context, {
        isDue: () => recoveryPointIn(former, placed, '') === logOf(former, placed)?.logEndOffset,
        onDue: () => {
          openClients();
          meetSuccessor(context, alone, recoveryPointIn(former, placed, ''));
        },
        otherwise: () => {
          openClients();
          undo();
        },
      });
    },
    otherwise: undo,
  });
}

/** Nobody writes anywhere. */
function shutClients(context: FaultContext): () => void {
  const { cluster } = context;
  const hosts = [...cluster.world.clientHosts];
  return shut(
    context,
    hosts.flatMap((host) => cluster.nodes.flatMap((node) => [[host, node.host] as const, [node.host, host] as const])),
  );
}

function meetSuccessor(context: FaultContext, alone: LoneLeader, point: number): void {
  const { former, placed, sharedEnd, successorRecords, undo } = alone;
  const truncations = logOf(former, placed)?.truncations ?? 0;
  when(context, {
    pollMs: closelyMs,
    isDue: () => successorRecords() >= point - sharedEnd,
    onDue: () => {
      const openClients = shutClients(context);
      undo();
      when(context, {
        isDue: () => {
          const log = logOf(former, placed);
          return log !== null && log.truncations > truncations && log.durableOffset === point;
        },
        onDue: () => {
          sometimes('fault: a log has come back to its recovery point with other records');
          openClients();
        },
        otherwise: openClients,
      });
    },
    otherwise: undo,
  });
}
