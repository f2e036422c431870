/**
 * What a handler of one Kafka API is: its tables, what it does, and how it says that it failed.
 *
 * A handler is called synchronously in the order of its connection's requests; what it does before its first await
 * happens in that order (a Produce appends there). Whatever it throws becomes a response with an error code and a log
 * line, never an end of the process (F9).
 */
import type { ApiKey, MessageSchema, RequestHeader } from '@jackdaw/protocol';
import type { BrokerServices } from '../broker-services.ts';
import type { Connection } from '../net/connection.ts';

export interface RequestContext {
  readonly connection: Connection;
  readonly header: RequestHeader;
  /** '' when the client gave none. */
  readonly clientId: string;
  /** As Kafka's tools show it: '/' and the address. */
  readonly clientHost: string;
  readonly version: number;
  /** Monotonic ms at which the request was read. */
  readonly receivedMs: number;
}

/** In place of a response: there is none to send (acks=0), or the connection must be closed instead. */
export const noResponse = Symbol('no response');
export const closeConnection = Symbol('close the connection');

export type Answer<RD> = RD | typeof noResponse | typeof closeConnection;

export interface Refusal {
  readonly errorCode: number;
  readonly errorMessage: string;
}

export interface ApiHandler {
  readonly apiKey: number;
  readonly request: MessageSchema;
  readonly response: MessageSchema;
  readonly handle: (broker: BrokerServices, body: unknown, context: RequestContext) => Answer<unknown> | Promise<Answer<unknown>>;
  readonly refuse: (body: unknown, refusal: Refusal, context: RequestContext) => unknown;
}

export interface HandlerDefinition<B, RD> {
  readonly apiKey: ApiKey;
  readonly request: MessageSchema<B>;
  readonly response: MessageSchema<unknown, RD>;
  readonly handle: (broker: BrokerServices, body: B, context: RequestContext) => Answer<RD> | Promise<Answer<RD>>;
  /** The response that carries one error for everything that was asked: Kafka's `getErrorResponse`. */
  readonly refuse: (body: B, refusal: Refusal, context: RequestContext) => RD;
}

/** Checks a handler's types against its tables and forgets them: the dispatcher holds handlers of all APIs. */
export function defineHandler<B, RD>(definition: HandlerDefinition<B, RD>): ApiHandler {
  return {
    apiKey: definition.apiKey,
    request: definition.request,
    response: definition.response,
    handle: (broker, body, context) => definition.handle(broker, body as B, context),
    refuse: (body, refusal, context) => definition.refuse(body as B, refusal, context),
  };
}
