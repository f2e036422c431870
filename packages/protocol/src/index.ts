/**
 * The Kafka wire protocol: tables of messages and what encodes and decodes them, headers, error codes, record batches.
 *
 * Pure: bytes in, values out. Everything that other packages use is exported here, and nothing else is.
 */
export { ApiKey, apiDefinitions, isSupportedVersion, type ApiDefinition, type ApiName } from './api-definitions.ts';
export { decodeBody, decodeWhole, encodeBody, encodeChunks, writeBody } from './codec.ts';
export { ErrorCode, errorName, isKnownError, isRetriable, type ErrorName } from './error-codes.ts';
export {
  encodeRequestFrame,
  encodeResponseFrame,
  readRequestHeader,
  readResponseHeader,
  requestHeaderVersion,
  responseHeaderVersion,
  writeRequestHeader,
  writeResponseHeader,
  type RequestFrame,
  type RequestHeader,
  type ResponseFrame,
} from './headers.ts';
export { ProtocolError } from './protocol-error.ts';
export { maxElementsPerMessage, maxStringBytes, Reader } from './reader.ts';
export { referenceBytes, Writer } from './writer.ts';
export { int32Max, int64Max, type Body, type Draft, type MessageInfo, type MessageSchema } from './schema.ts';
export { isUuid, metadataTopicUuid, uuidBytes, uuidFromBytes, uuidOf, uuidToBytes, zeroUuid } from './uuid.ts';
export * from './messages/00-produce.ts';
export * from './messages/01-fetch.ts';
export * from './messages/02-list-offsets.ts';
export * from './messages/03-metadata.ts';
export * from './messages/08-offset-commit.ts';
export * from './messages/09-offset-fetch.ts';
export * from './messages/10-find-coordinator.ts';
export * from './messages/11-join-group.ts';
export * from './messages/12-heartbeat.ts';
export * from './messages/13-leave-group.ts';
export * from './messages/14-sync-group.ts';
export * from './messages/15-describe-groups.ts';
export * from './messages/16-list-groups.ts';
export * from './messages/17-sasl-handshake.ts';
export * from './messages/18-api-versions.ts';
export * from './messages/19-create-topics.ts';
export * from './messages/20-delete-topics.ts';
export * from './messages/21-delete-records.ts';
export * from './messages/22-init-producer-id.ts';
export * from './messages/23-offset-for-leader-epoch.ts';
export * from './messages/24-add-partitions-to-txn.ts';
export * from './messages/25-add-offsets-to-txn.ts';
export * from './messages/26-end-txn.ts';
export * from './messages/27-write-txn-markers.ts';
export * from './messages/28-txn-offset-commit.ts';
export * from './messages/32-describe-configs.ts';
export * from './messages/33-alter-configs.ts';
export * from './messages/35-describe-log-dirs.ts';
export * from './messages/36-sasl-authenticate.ts';
export * from './messages/37-create-partitions.ts';
export * from './messages/42-delete-groups.ts';
export * from './messages/43-elect-leaders.ts';
export * from './messages/44-incremental-alter-configs.ts';
export * from './messages/47-offset-delete.ts';
export * from './messages/55-describe-quorum.ts';
export * from './messages/56-alter-partition.ts';
export * from './messages/60-describe-cluster.ts';
export * from './messages/61-describe-producers.ts';
export * from './messages/62-broker-registration.ts';
export * from './messages/63-broker-heartbeat.ts';
export * from './messages/64-unregister-broker.ts';
export * from './messages/67-allocate-producer-ids.ts';
export * from './messages/73-assign-replicas-to-dirs.ts';
export * from './messages/74-list-config-resources.ts';
export * from './messages/75-describe-topic-partitions.ts';
export * from './messages/consumer-protocol.ts';
export * from './messages/coordinator-records.ts';
export * from './messages/metadata-records.ts';
export * from './messages/producer-snapshot.ts';
export * from './records/exports.ts';
