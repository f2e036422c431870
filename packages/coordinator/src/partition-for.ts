/**
 * Which partition of `__consumer_offsets` a group lives in: every broker and every client must agree on it.
 */

/** Kafka's `Utils.abs(groupId.hashCode()) % partitions`, over the UTF-16 units of the id as Java hashes them. */
export function partitionFor(groupId: string, numPartitions: number): number {
  let hash = 0;
  for (let i = 0; i < groupId.length; i++) hash = (Math.imul(hash, 31) + groupId.charCodeAt(i)) | 0;
  // The one number whose absolute value is no int32; Kafka takes it for 0.
  return hash === -0x8000_0000 ? 0 : Math.abs(hash) % numPartitions;
}
