/**
 * `meta.properties` and `.kafka_cleanshutdown`: whose log directory this is, and how it was left (Kafka's
 * MetaProperties version 1 and CleanShutdownFileHandler).
 */

import { utf8Decode, utf8Encode } from '@jackdaw/base';
import { isUuid } from '@jackdaw/protocol';
import { join } from 'node:path';
import { replaceFileNow } from './checkpoint-file.ts';
import { cleanShutdownFile, metaPropertiesFile } from './file-names.ts';
import { readSmallFile, StorageError, type Fs } from './fs.ts';

export interface MetaProperties {
  clusterId: string;
  nodeId: number;
  /** Identity of this directory; a wiped disk gets a new one (E9). */
  directoryId: string;
}

/** Null when the directory has never been used. Throws StorageError `corrupt` when the file cannot be understood. */
export function readMetaProperties(fs: Fs, directory: string): MetaProperties | null {
  const path = join(directory, metaPropertiesFile);
  const bytes = readSmallFile(fs, path);
  if (bytes === null) return null;
  const values = parseProperties(utf8Decode(bytes));
  const clusterId = values.get('cluster.id');
  const nodeId = Number(values.get('node.id'));
  const directoryId = values.get('directory.id');
  const isWhole = values.get('version') === '1' && Number.isInteger(nodeId);
  if (!isWhole || clusterId === undefined || !isPlainText(clusterId) || directoryId === undefined || !isUuid(directoryId)) {
    const message = `${path} is not a meta.properties of version 1 with cluster.id, node.id and directory.id`;
    throw new StorageError('corrupt', path, message);
  }
  return { clusterId, nodeId, directoryId };
}

/** The id is sent to other nodes in a header of gRPC, which takes no more than this. */
function isPlainText(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text);
}

/** Formats a directory: durable before this returns. */
export function writeMetaProperties(fs: Fs, directory: string, meta: MetaProperties): void {
  const text = [
    '#',
    `cluster.id=${escapeValue(meta.clusterId)}`,
    `directory.id=${meta.directoryId}`,
    `node.id=${meta.nodeId}`,
    'version=1',
    '',
  ];
  replaceFileNow(fs, join(directory, metaPropertiesFile), utf8Encode(text.join('\n')));
}

/** Throws StorageError `corrupt`, naming both ids, when the directory belongs to another cluster or node. */
export function expectSameOwner(
  directory: string,
  found: MetaProperties,
  expected: { clusterId: string | null; nodeId: number },
): void {
  const path = join(directory, metaPropertiesFile);
  if (expected.clusterId !== null && found.clusterId !== expected.clusterId) {
    const message = `log directory ${directory} belongs to cluster ${found.clusterId}, not to cluster ${expected.clusterId}`;
    throw new StorageError('corrupt', path, message);
  }
  if (found.nodeId !== expected.nodeId) {
    const message = `log directory ${directory} belongs to node ${found.nodeId}, not to node ${expected.nodeId}`;
    throw new StorageError('corrupt', path, message);
  }
}

/** `key=value` lines of a Java properties file; comments and the escapes that Java writes into values are understood. */
function parseProperties(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!\s=:][^\s=:]*)\s*[=:]\s*(.*)$/.exec(line);
    if (match !== null) values.set(match[1] ?? '', (match[2] ?? '').replaceAll(/\\(.)/g, '$1'));
  }
  return values;
}

function escapeValue(value: string): string {
  return value.replaceAll(/[\\:=#!]/g, '\\$&');
}

/** How the directory was left. */
export interface ShutdownMarker {
  isClean: boolean;
  /** Broker epoch inside the marker; null when there is none (A18). */
  brokerEpoch: number | null;
}

/** Reads the marker and removes it, durably: before anything in the directory is changed (B7). */
export function takeShutdownMarker(fs: Fs, directory: string): ShutdownMarker {
  const path = join(directory, cleanShutdownFile);
  const bytes = readSmallFile(fs, path);
  if (bytes === null) return { isClean: false, brokerEpoch: null };
  fs.unlink(path);
  fs.syncDirectoryNow(directory);
  const match = /"brokerEpoch"\s*:\s*(-?\d+)/.exec(utf8Decode(bytes));
  const brokerEpoch = match === null ? null : Number(match[1]);
  return { isClean: true, brokerEpoch: brokerEpoch !== null && Number.isSafeInteger(brokerEpoch) ? brokerEpoch : null };
}

export function writeShutdownMarker(fs: Fs, directory: string, brokerEpoch: number): void {
  const content = JSON.stringify({ version: 0, brokerEpoch });
  replaceFileNow(fs, join(directory, cleanShutdownFile), utf8Encode(content));
}
