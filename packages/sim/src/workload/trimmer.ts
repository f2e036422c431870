/**
 * A client that deletes the oldest records of the last planned topic.
 */
import { deleteRecords, listOffsets } from '@jackdaw/client';
import { pauseOf, pick, singleAttempt, type WorkloadContext } from './context.ts';
import { Deletion } from './deletion.ts';

const meanPauseMs = 1_000;
/** Of what is there, at most so much is deleted at a time. */
const largestShare = 0.5;

export function startTrimmer(context: WorkloadContext): void {
  const topic = context.topics.at(-1)?.name;
  if (!context.plan.workload.hasTrimmer || topic === undefined) return;
  const client = context.newClient('trimmer', singleAttempt);
  const { name: process, prng } = client;
  const { recorder } = context;
  const own = context.partitions.filter((one) => one.topic === topic);
  context.run(client, 'delete records', async () => {
    const cluster = await context.connect(client);
    while (!context.isDraining) {
      await client.sleep(pauseOf(prng, context.plan.workload.trimPauseMs ?? meanPauseMs));
      const { key, partition } = pick(prng, own);
      try {
        const [first, end] = await listOffsets(cluster, [
          { topic, partition, at: 'earliest' },
          { topic, partition, at: 'latest' },
        ]);
        if (first === undefined || end === undefined || end.offset <= first.offset) continue;
        const offset = first.offset + Math.ceil((end.offset - first.offset) * largestShare * prng.float());
        recorder.add({ op: 'trim', type: 'invoke', process, key, offset });
        const deletion = new Deletion(context.cluster, topic, partition);
        const [done] = await deleteRecords(cluster, [{ topic, partition, beforeOffset: offset }]);
        if (done === undefined) continue;
        const { logStartOffset } = done;
        const mayComeBack = deletion.mayComeBack(logStartOffset);
        recorder.add({ op: 'trim', type: 'ok', process, key, offset: logStartOffset, mayComeBack });
      } catch (error) {
        context.noteError(process, error, 'delete records');
        await cluster.fetchMetadata([topic]).catch(() => undefined);
      }
    }
    await cluster.close();
  });
}
