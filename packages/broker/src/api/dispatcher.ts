/**
 * From a frame to a handler and back to a frame.
 *
 * A frame that is no valid request closes its connection, as in Kafka, whose clients cannot make sense of an answer they
 * cannot parse; the one exception is ApiVersions in a version that we do not know, which is answered in version 0 (F7).
 */
import {
  apiDefinitions,
  ApiKey,
  decodeBody,
  encodeResponseFrame,
  ErrorCode,
  errorName,
  ProtocolError,
  Reader,
  readRequestHeader,
  type RequestHeader,
} from '@jackdaw/protocol';
import type { Buffer } from 'node:buffer';
import type { BrokerServices } from '../broker-services.ts';
import type { Connection, ConnectionHandler, ResponseSlot } from '../net/connection.ts';
import { ControllerError } from '../quorum/controller-driver.ts';
import { apiVersionsForUnknownVersion } from './18-api-versions.ts';
import { closeConnection, noResponse, type Answer, type ApiHandler, type Refusal, type RequestContext } from './handler.ts';

/** One answered request. */
export interface AnsweredRequest {
  readonly apiKey: number;
  readonly version: number;
  /** Until the handler returned, with what it did before its first wait. */
  readonly localMs: number;
  /** What it waited for: replicas, data, a group, the controller. */
  readonly remoteMs: number;
  /** Of a request that failed as a whole; 0 also when parts of it failed. */
  readonly errorCode: number;
}

export interface RequestObserver {
  onResponse(request: AnsweredRequest): void;
  onError(apiKey: number, error: unknown): void;
  onRejected(connection: Connection, reason: string): void;
  onClosed(connection: Connection, reason: string): void;
}

export class Dispatcher implements ConnectionHandler {
  readonly #broker: BrokerServices;
  readonly #handlers: ReadonlyMap<number, ApiHandler>;
  readonly #observer: RequestObserver;
  #open = 0;

  constructor(broker: BrokerServices, handlers: readonly ApiHandler[], observer: RequestObserver) {
    this.#broker = broker;
    this.#handlers = new Map(handlers.map((handler) => [handler.apiKey, handler]));
    this.#observer = observer;
  }

  /** Requests that are decoded and not answered yet. */
  get openRequests(): number {
    return this.#open;
  }

  isLarge(frame: Buffer): boolean {
    const apiKey = frame.readInt16BE(0);
    // One OffsetFetch may ask for all offsets of all groups.
    return apiKey === ApiKey.Fetch || apiKey === ApiKey.OffsetFetch;
  }

  onRequest(connection: Connection, frame: Buffer, slot: ResponseSlot): void {
    let header: RequestHeader | null = null;
    try {
      const reader = new Reader(frame);
      header = readRequestHeader(reader);
      this.#dispatch(connection, { header, reader, slot });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const what = header === null ? 'a malformed header' : `a malformed ${apiName(header.apiKey)} v${header.apiVersion}`;
      this.#reject(connection, slot, `${what}: ${error.message}`);
    }
  }

  onClosed(connection: Connection, reason: string): void {
    this.#observer.onClosed(connection, reason);
  }

  #dispatch(connection: Connection, request: { header: RequestHeader; reader: Reader; slot: ResponseSlot }): void {
    const { header, reader, slot } = request;
    const handler = this.#handlers.get(header.apiKey);
    const definition = apiDefinitions.get(header.apiKey);
    if (handler === undefined || definition === undefined) {
      this.#reject(connection, slot, `api key ${header.apiKey} is not served here`);
      return;
    }
    if (header.apiVersion < definition.minVersion || header.apiVersion > definition.maxVersion) {
      if (header.apiKey !== ApiKey.ApiVersions) {
        const range = `${definition.minVersion} to ${definition.maxVersion}`;
        this.#reject(connection, slot, `${definition.name} v${header.apiVersion} is not supported, only ${range}`);
        return;
      }
      const body = apiVersionsForUnknownVersion();
      slot.send(encodeResponseFrame({ schema: handler.response, header: { ...header, apiVersion: 0 }, body }));
      return;
    }
    const context: RequestContext = {
      connection,
      header,
      clientId: header.clientId ?? '',
      clientHost: `/${connection.remoteAddress.replace(/^::ffff:/, '')}`,
      version: header.apiVersion,
      receivedMs: this.#broker.clock.monotonicMs(),
    };
    const body = decodeBody(handler.request, header.apiVersion, reader);
    this.#call(handler, body, { context, slot });
  }

  #call(handler: ApiHandler, body: unknown, { context, slot }: { context: RequestContext; slot: ResponseSlot }): void {
    this.#open++;
    const { clock } = this.#broker;
    let returnedMs: number | null = null;
    // The answer goes first: one that cannot be encoded throws, and `fail` then finishes the request in its place.
    const finish = (answer: Answer<unknown>, errorCode: number = ErrorCode.NONE): void => {
      this.#answer(handler, answer, { context, slot });
      this.#open--;
      const { apiKey } = handler;
      const nowMs = clock.monotonicMs();
      const localMs = (returnedMs ?? nowMs) - context.receivedMs;
      const remoteMs = returnedMs === null ? 0 : nowMs - returnedMs;
      this.#observer.onResponse({ apiKey, version: context.version, localMs, remoteMs, errorCode });
    };
    const fail = (error: unknown): void => {
      const refusal = this.#refusalOf(handler.apiKey, error);
      try {
        finish(handler.refuse(body, refusal, context), refusal.errorCode);
      } catch (second) {
        this.#open--;
        this.#observer.onError(handler.apiKey, second);
        slot.abort(`${apiName(handler.apiKey)} could not be answered`);
      }
    };
    try {
      const answer = handler.handle(this.#broker, body, context);
      if (answer instanceof Promise) {
        returnedMs = clock.monotonicMs();
        answer.then((settled) => finish(settled), fail).catch(fail);
      } else finish(answer);
    } catch (error) {
      fail(error);
    }
  }

  #answer(
    handler: ApiHandler,
    answer: Answer<unknown>,
    { context, slot }: { context: RequestContext; slot: ResponseSlot },
  ): void {
    if (answer === noResponse) slot.skip();
    else if (answer === closeConnection) slot.abort(`${apiName(handler.apiKey)} ends the connection`);
    else slot.send(encodeResponseFrame({ schema: handler.response, header: context.header, body: answer }));
  }

  #refusalOf(apiKey: number, error: unknown): Refusal {
    if (error instanceof ControllerError) return { errorCode: error.errorCode, errorMessage: error.message };
    this.#observer.onError(apiKey, error);
    return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: errorName(ErrorCode.UNKNOWN_SERVER_ERROR) };
  }

  #reject(connection: Connection, slot: ResponseSlot, reason: string): void {
    this.#observer.onRejected(connection, reason);
    slot.abort(reason);
  }
}

function apiName(apiKey: number): string {
  return apiDefinitions.get(apiKey)?.name ?? `api key ${apiKey}`;
}
