/**
 * Rows: the wall clock of one broker jumps, back as well, or strobes; the monotonic clock goes on (misbehave.c).
 *
 * Records of the topic expire after half an hour, so that a jump of an hour that is believed would delete all of them; and a
 * group has two members who must not be expelled.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '@jackdaw/base';
import { listOffsets } from '@jackdaw/client';
import type { FaultRun } from '../fault-run.ts';
import { Members } from '../members.ts';
import { whyNoLibraries } from '../preload/compile.ts';
import { buildMisbehaviour, shiftClock, underMisbehaviour } from '../preload/misbehave.ts';
import type { FaultRow, Figures, PreparedRow, RowOptions, Struck } from '../row.ts';
import { leaders, watchFenced } from './watching.ts';

const hourMs = 3_600_000;
const retentionMs = hourMs / 2;
const wrongForMs = 8_000;
const strobeMs = 250;
const kinds = ['ahead', 'back', 'strobing'] as const;
type Kind = (typeof kinds)[number];

export const clockRows: readonly FaultRow[] = [
  {
    name: 'clock-jump',
    family: 'clock',
    fault: 'the wall clock of one broker jumps an hour ahead, an hour back, or to and fro four times a second',
    expected:
      'nobody is fenced, no leadership moves, no member is expelled, no record expires, no send fails; nothing acknowledged is ' +
      'lost, moved, changed, repeated or reordered',
    statements: ['B19', 'D7', 'E3'],
    cycles: 6,
    limits: ['fenced', 'moved', 'expelled', 'failed'].map((figure) => ({ figure, of: 'max', atMost: 0 })),
    whyNot: whyNoLibraries,
    prepare: prepareJump,
  },
];

function prepareJump(options: RowOptions): PreparedRow {
  const directory = mkdtempSync(join(tmpdir(), 'jackdaw-clock-'));
  let next = 0;
  let before: readonly string[] = [];
  let members: Members | undefined;
  return {
    cluster: {
      launch: underMisbehaviour.bind(undefined, buildMisbehaviour(directory)),
      settings: ['log.retention.check.interval.ms=1000', 'group.initial.rebalance.delay.ms=0'],
      topicConfigs: {
        'min.insync.replicas': '2',
        'segment.ms': '2000',
        'retention.ms': String(retentionMs),
        'message.timestamp.type': options.text('timestamps', 'CreateTime'),
        // An hour is Kafka's default, which a clock that is an hour late meets to the millisecond.
        'message.timestamp.after.max.ms': String(3 * hourMs),
      },
    },
    strike: async (run, prng) => {
      members ??= await Members.join(run);
      await members.settle();
      before = await leaders(run);
      return jump(run, kinds[next++ % kinds.length] as Kind, prng);
    },
    whileStruck: async (run) => ({ fenced: await watchFenced(run, performance.now() + wrongForMs) }),
    afterwards: async (run): Promise<Figures> => {
      const now = await leaders(run);
      await expectAllThere(run);
      const expelled = members?.rejoined() ?? 0;
      return { moved: now.filter((line, i) => line !== before[i]).length, expelled };
    },
    tearDown: async () => {
      await members?.leave();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function jump({ cluster }: FaultRun, kind: Kind, prng: Prng): Struck {
  const victim = cluster.nodeIds[prng.below(cluster.nodeIds.length)] as number;
  const broker = cluster.layoutOf(victim);
  const direction = kind === 'back' ? -1 : 1;
  shiftClock(broker, direction * hourMs);
  let isOver = false;
  const strobing = (async (): Promise<void> => {
    for (let turn = 0; kind === 'strobing' && !isOver; turn++) {
      shiftClock(broker, turn % 2 === 0 ? hourMs : -hourMs);
      await sleep(strobeMs);
    }
  })();
  const heal = async (): Promise<void> => {
    isOver = true;
    await strobing;
    shiftClock(broker, 0);
    // The jump home is one, too.
    await sleep(2_000);
  };
  return { text: `clock of broker ${victim}: ${kind}`, victims: [victim], heal };
}

async function expectAllThere({ cluster, topic, partitions }: FaultRun): Promise<void> {
  const queries = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, at: 'earliest' as const }));
  for (const { partition, offset } of await listOffsets(await cluster.client(), queries)) {
    assert.equal(offset, 0, `records of ${topic}-${partition} have expired`);
  }
}
