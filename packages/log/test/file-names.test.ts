/** Which names in a log directory are partitions' and segments'. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logSuffix, offsetOfFileName, parsePartitionDirectory } from '../src/file-names.ts';

test('only a directory with the name of a possible topic and partition is a partition', () => {
  assert.deepEqual(parsePartitionDirectory('__a.b-c-12'), { topicName: '__a.b-c', partition: 12, kind: 'live' });
  assert.equal(parsePartitionDirectory('orders-0.0123abcd-delete')?.kind, 'deleted');
  assert.equal(parsePartitionDirectory('orders-0.0123abcd-stray')?.kind, 'stray');
  // With such a name in it, nobody could read the checkpoint of recovery points.
  for (const name of ['copy of orders-0', 'orders\t-0', 'é-0', 'orders-00', 'orders-9999999999', '-0', 'orders', 'lost+found']) {
    assert.equal(parsePartitionDirectory(name), null, name);
  }
});

test('only twenty digits that are an offset make a segment', () => {
  assert.equal(offsetOfFileName('00000000000000000007.log', logSuffix), 7);
  for (const name of ['7.log', '99999999999999999999.log', '0000000000000000000a.log', '00000000000000000007.log.swap']) {
    assert.equal(offsetOfFileName(name, logSuffix), null, name);
  }
});
