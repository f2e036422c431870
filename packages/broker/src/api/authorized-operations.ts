/**
 * What Kafka answers for "authorised operations" when no authoriser is configured: everything that the resource knows.
 * Bit n stands for AclOperation n (KIP-430).
 */
const bit = { read: 3, write: 4, create: 5, delete: 6, alter: 7, describe: 8, clusterAction: 9, describeConfigs: 10 } as const;
const alterConfigsBit = 11;
const idempotentWriteBit = 12;

export const topicOperations = bitsOf(
  bit.read,
  bit.write,
  bit.create,
  bit.delete,
  bit.alter,
  bit.describe,
  bit.describeConfigs,
  alterConfigsBit,
);
export const groupOperations = bitsOf(bit.read, bit.delete, bit.describe, bit.describeConfigs, alterConfigsBit);
export const clusterOperations = bitsOf(
  bit.create,
  bit.alter,
  bit.describe,
  bit.clusterAction,
  bit.describeConfigs,
  alterConfigsBit,
  idempotentWriteBit,
);
/** "Not asked for". */
export const noOperations = -0x8000_0000;

function bitsOf(...bits: number[]): number {
  return bits.reduce((sum, position) => sum | (1 << position), 0);
}
