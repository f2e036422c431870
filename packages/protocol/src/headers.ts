/**
 * What stands before a body: the frame's size, the API key and version, the correlation id, the client's name.
 *
 * Header versions follow from the API and its version. Two exceptions are fixed by history: the client id keeps its
 * two-byte length in flexible headers, and the ApiVersions response never gets a flexible header, since a client reads both
 * before it knows what the broker speaks (KIP-482, KIP-511).
 */
import type { ApiDefinition } from './api-definitions.ts';
import { ApiKey, apiDefinitions } from './api-definitions.ts';
import { writeBody } from './codec.ts';
import type { Reader } from './reader.ts';
import type { MessageSchema } from './schema.ts';
import { Writer } from './writer.ts';

export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  /** Chosen by the client; the response repeats it. */
  readonly correlationId: number;
  readonly clientId: string | null;
}

const frameSizeBytes = 4;
const encoder = new Writer();

/** 2 for flexible versions, else 1. A key or version that we do not know is taken for the nearest that we do. */
export function requestHeaderVersion(apiKey: number, apiVersion: number): 1 | 2 {
  return isFlexible(apiDefinitions.get(apiKey), apiVersion) ? 2 : 1;
}

/** 1 for flexible versions, else 0; always 0 for ApiVersions. */
export function responseHeaderVersion(apiKey: number, apiVersion: number): 0 | 1 {
  return apiKey !== ApiKey.ApiVersions && isFlexible(apiDefinitions.get(apiKey), apiVersion) ? 1 : 0;
}

function isFlexible(definition: ApiDefinition | undefined, apiVersion: number): boolean {
  return definition !== undefined && definition.flexibleFrom !== null && apiVersion >= definition.flexibleFrom;
}

/**
 * The header of the request at the reader's position, which then stands at the body. The header of an unknown key is read
 * as version 1, which is enough to answer UNSUPPORTED_VERSION. Throws ProtocolError.
 */
export function readRequestHeader(reader: Reader): RequestHeader {
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  const correlationId = reader.int32();
  const clientId = reader.nullableString();
  if (requestHeaderVersion(apiKey, apiVersion) === 2) reader.skipTags();
  return { apiKey, apiVersion, correlationId, clientId };
}

/** The correlation id of the response at the reader's position, which then stands at the body. Throws ProtocolError. */
export function readResponseHeader(reader: Reader, apiKey: number, apiVersion: number): number {
  const correlationId = reader.int32();
  if (responseHeaderVersion(apiKey, apiVersion) === 1) reader.skipTags();
  return correlationId;
}

export function writeRequestHeader(writer: Writer, { apiKey, apiVersion, correlationId, clientId }: RequestHeader): void {
  writer.int16(apiKey);
  writer.int16(apiVersion);
  writer.int32(correlationId);
  writer.nullableString(clientId);
  if (requestHeaderVersion(apiKey, apiVersion) === 2) writer.unsignedVarint(0);
}

export function writeResponseHeader(writer: Writer, header: Omit<RequestHeader, 'clientId'>): void {
  writer.int32(header.correlationId);
  if (responseHeaderVersion(header.apiKey, header.apiVersion) === 1) writer.unsignedVarint(0);
}

export interface RequestFrame<B, D> {
  readonly schema: MessageSchema<B, D>;
  readonly header: RequestHeader;
  readonly body: D;
}

export interface ResponseFrame<B, D> {
  readonly schema: MessageSchema<B, D>;
  /** Of the request that is answered; its version is the version of the body. */
  readonly header: Omit<RequestHeader, 'clientId'>;
  readonly body: D;
}

/** A whole request: size, header, body; large byte fields by reference. */
export function encodeRequestFrame<B, D>({ schema, header, body }: RequestFrame<B, D>): Uint8Array[] {
  beginFrame();
  writeRequestHeader(encoder, header);
  writeBody(schema, header.apiVersion, { writer: encoder, draft: body });
  return endFrame();
}

/** A whole response: size, header, body; large byte fields by reference. */
export function encodeResponseFrame<B, D>({ schema, header, body }: ResponseFrame<B, D>): Uint8Array[] {
  beginFrame();
  writeResponseHeader(encoder, header);
  writeBody(schema, header.apiVersion, { writer: encoder, draft: body });
  return endFrame();
}

function beginFrame(): void {
  encoder.reset();
  encoder.reserve(frameSizeBytes);
}

function endFrame(): Uint8Array[] {
  encoder.patchInt32(0, encoder.size - frameSizeBytes);
  return encoder.takeChunks();
}
