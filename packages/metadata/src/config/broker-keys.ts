/**
 * The table of all broker keys: honoured and accepted, in one Map by name.
 *
 * Keys under one of `openPrefixes` (settings of one listener, of plug-ins, of a vendor's add-ons) are taken without
 * being in the table: their names hold words that the file's author chose.
 */

import { acceptedBrokerKeys } from './broker-keys-accepted.ts';
import { logBrokerKeys } from './broker-keys-log.ts';
import { serverBrokerKeys } from './broker-keys-server.ts';
import type { ConfigTable } from './config-key.ts';
import { tableOf } from './key-table.ts';

export const brokerConfigKeys: ConfigTable = tableOf(serverBrokerKeys, logBrokerKeys, acceptedBrokerKeys);

const openPrefixes = ['listener.name.', 'config.providers.', 'rsm.config.', 'rlmm.config.', 'confluent.', 'quorum.'];

/** Whether a key that is in no table is nevertheless taken (and ignored): its name starts with an open prefix. */
export function isOpenBrokerKey(name: string): boolean {
  return openPrefixes.some((prefix) => name.startsWith(prefix));
}
