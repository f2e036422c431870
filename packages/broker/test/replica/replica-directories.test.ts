/**
 * The controller is told where a replica is, once it is known and when the controller believes something else.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directoryIds } from '@jackdaw/metadata';
import { ErrorCode, type AssignReplicasToDirsRequest, type AssignReplicasToDirsResponse } from '@jackdaw/protocol';
import { HostedPartition, type DesiredPartition } from '../../src/replica/hosted-partition.ts';
import { ReplicaDirectories } from '../../src/replica/replica-directories.ts';

const oldDirectory = 'AAAAAAAAAAAAAAAAAAAAAQ';
const newDirectory = 'AAAAAAAAAAAAAAAAAAAAAg';
const topicId = 'AAAAAAAAAAAAAAAAAAAAAw';

function desired(directoryId: string): DesiredPartition {
  const state = { leader: 2, leaderEpoch: 0, partitionEpoch: 0, replicas: [1, 2], isr: [2] };
  return { state, isRecovering: false, isLost: directoryId === directoryIds.lost, isOnlyCandidate: false, directoryId };
}

interface Fixture {
  readonly directories: ReplicaDirectories;
  readonly told: AssignReplicasToDirsRequest[];
  broker: { epoch: number };
  /** Runs the timer that is set, and what follows from it. */
  turn: () => Promise<void>;
}

function fixture(): Fixture {
  const told: AssignReplicasToDirsRequest[] = [];
  const broker = { epoch: 7 };
  let due: (() => void) | null = null;
  const directories = new ReplicaDirectories({
    timers: {
      setTimer: (_, callback) => {
        due = callback;
        return { cancel: () => (due = null) };
      },
    },
    nodeId: 1,
    brokerEpoch: () => broker.epoch,
    directoryOf: () => newDirectory,
    assign: (request) => {
      told.push(request);
      const answer: AssignReplicasToDirsResponse = { throttleTimeMs: 0, errorCode: ErrorCode.NONE, directories: [] };
      return Promise.resolve(answer);
    },
    onLastCopy: () => assert.fail('nothing is damaged'),
    onFailure: (error) => assert.fail(String(error)),
  });
  const turn = async (): Promise<void> => {
    const callback = due;
    due = null;
    callback?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { directories, told, broker, turn };
}

test('a replica on a replaced disk is told to be in the new directory, until the metadata says so', async () => {
  const { directories, told, turn } = fixture();
  const hosted = new HostedPartition({ topicName: 't', topicId, partition: 3 }, desired(oldDirectory));
  directories.check(hosted);
  await turn();
  const expected = [{ id: newDirectory, topics: [{ topicId, partitions: [{ partitionIndex: 3 }] }] }];
  assert.deepEqual(told, [{ brokerId: 1, brokerEpoch: 7, directories: expected }]);
  hosted.desired = desired(newDirectory);
  await turn();
  await turn();
  assert.equal(told.length, 1);
  directories.close();
});

test('a broker that is not registered says nothing, and says it once it is', async () => {
  const { directories, told, broker, turn } = fixture();
  broker.epoch = -1;
  directories.check(new HostedPartition({ topicName: 't', topicId, partition: 0 }, desired(oldDirectory)));
  await turn();
  assert.equal(told.length, 0);
  broker.epoch = 8;
  await turn();
  assert.equal(told[0]?.brokerEpoch, 8);
  directories.close();
});

test('a replica that is where the controller believes it to be is nothing to tell', async () => {
  const { directories, told, turn } = fixture();
  directories.check(new HostedPartition({ topicName: 't', topicId, partition: 0 }, desired(newDirectory)));
  await turn();
  assert.equal(told.length, 0);
  directories.close();
});
