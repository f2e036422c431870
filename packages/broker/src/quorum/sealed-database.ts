/**
 * A database whose values carry their own checksum: what the quorum reads is what it wrote, or it is refused as damage (E2, B3).
 *
 * LevelDB sums up the blocks of its tables, but looks at the sums neither when it reads nor when it merges them, and `level` has
 * no option for it. One flipped bit would otherwise be another topic, another replica or another vote on this node alone.
 * level-tables.ts looks at the tables at a start; what was merged with a flipped bit before that is found here. The key is
 * under the sum as well, so that no value passes for that of another key.
 *
 * A stored value is the sum (CRC-32C of the key's bytes and the value, 4 bytes, big-endian), then the value.
 */
import { Buffer } from 'node:buffer';
import { StorageError } from '@jackdaw/log';
import { crc32c } from '@jackdaw/protocol';
import type { Database } from './database.ts';

export const sealBytes = 4;

/** The same database for whoever does not know of sums. Its reads reject with StorageError `corrupt` where a sum is wrong. */
export function sealedDatabase(db: Database): Database {
  return {
    get: async (key) => {
      const stored = await db.get(key);
      return stored === undefined ? undefined : unsealed(key, stored);
    },
    entries: async (from, to) => (await db.entries(from, to)).map(([key, stored]) => [key, unsealed(key, stored)]),
    write: (operations, isSynced) =>
      db.write(
        operations.map((operation) =>
          operation.type === 'put' ? { ...operation, value: sealed(operation.key, operation.value) } : operation,
        ),
        isSynced,
      ),
    close: () => db.close(),
  };
}

/** As it is stored; a copy. */
export function sealed(key: string, value: Uint8Array): Buffer {
  const stored = Buffer.allocUnsafe(sealBytes + value.length);
  stored.writeUInt32BE(sumOf(key, value));
  stored.set(value, sealBytes);
  return stored;
}

function unsealed(key: string, stored: Buffer): Buffer {
  const value = stored.subarray(sealBytes);
  if (stored.length < sealBytes || stored.readUInt32BE() !== sumOf(key, value))
    throw new StorageError(
      'corrupt',
      'raft',
      `the quorum's database is damaged: the checksum of ${JSON.stringify(key)} is wrong`,
    );
  return value;
}

function sumOf(key: string, value: Uint8Array): number {
  return crc32c(value, 0, value.length, crc32c(Buffer.from(key)));
}
