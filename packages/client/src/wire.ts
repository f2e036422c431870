/**
 * A request with the response that answers it, and the frames of both: thin names over the protocol package's codecs.
 */
import {
  apiDefinitions,
  decodeBody,
  encodeRequestFrame,
  Reader,
  readResponseHeader,
  type MessageSchema,
  type RequestHeader,
} from '@jackdaw/protocol';

/** `Draft` is what is given to be sent, `Body` what comes back. */
export interface Api<Draft, Body> {
  readonly request: MessageSchema<unknown, Draft>;
  readonly response: MessageSchema<Body, unknown>;
}

/** Any API, where neither body is touched. */
export type AnyApi = Api<unknown, unknown>;

export function apiKeyOf(api: AnyApi): number {
  return api.request.key as number;
}

/** "CreateTopics" */
export function apiNameOf(api: AnyApi): string {
  return api.request.name.replace(/Request$/, '');
}

/** Highest version that this client speaks; versions that Kafka still marks unstable are not among them. */
export function newestVersionOf(api: AnyApi): number {
  return apiDefinitions.get(apiKeyOf(api))?.maxVersion ?? api.request.versions[1];
}

/** The chunks of a whole frame, length prefix included. Throws ProtocolError for what the version cannot say. */
export function encodeRequest<Draft>(api: Api<Draft, unknown>, header: RequestHeader, draft: Draft): Uint8Array[] {
  return encodeRequestFrame({ schema: api.request, header, body: draft });
}

/** The correlation id at the start of a response frame. */
export function correlationIdOf(frame: Buffer): number {
  return frame.length >= 4 ? frame.readInt32BE(0) : -1;
}

/** The body of a response frame. Throws ProtocolError. */
export function decodeResponse<Body>(api: Api<unknown, Body>, version: number, frame: Buffer): Body {
  const reader = new Reader(frame);
  readResponseHeader(reader, apiKeyOf(api), version);
  return decodeBody(api.response, version, reader);
}
