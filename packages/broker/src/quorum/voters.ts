/** Addresses and cluster id that follow from `controller.quorum.voters`. */
import { createHash } from 'node:crypto';
import type { NodeId } from '@jackdaw/base';
import { uuidBytes, uuidOf } from '@jackdaw/protocol';
import type { VoterConfig } from '../config/endpoints.ts';

export function voterAddresses(voters: readonly VoterConfig[]): ReadonlyMap<NodeId, string> {
  return new Map(voters.map(({ id, host, port }) => [id, host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`]));
}

/**
 * The cluster id when none is configured: the same on every node, because all are given the same voters, so that a
 * cluster forms without a separate format step.
 */
export function clusterIdOf(voters: readonly VoterConfig[]): string {
  const text = voters
    .map(({ id, host, port }) => `${id}@${host}:${port}`)
    .sort()
    .join(',');
  return uuidOf(createHash('sha256').update(text).digest().subarray(0, uuidBytes));
}
