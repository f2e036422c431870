/** Metadata with topics in it, for tests that need no cluster. */
import { MetadataImage } from '@jackdaw/metadata';

export interface TestTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: number;
  /** All of them in sync; the first one leads. */
  readonly replicas: readonly [number, ...number[]];
}

export function imageOfTopics(topics: readonly TestTopic[]): MetadataImage {
  const image = new MetadataImage();
  for (const { name, topicId, partitions, replicas } of topics) {
    image.replay({ type: 'topic', name, topicId });
    for (let partitionId = 0; partitionId < partitions; partitionId++) {
      image.replay({
        type: 'partition',
        partitionId,
        topicId,
        replicas: [...replicas],
        isr: [...replicas],
        removingReplicas: [],
        addingReplicas: [],
        leader: replicas[0],
        leaderRecoveryState: 0,
        leaderEpoch: 0,
        partitionEpoch: 0,
        directories: [],
        eligibleLeaderReplicas: null,
        lastKnownElr: null,
      });
    }
  }
  return image;
}
