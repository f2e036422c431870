/**
 * A broker's way to the active controller: one stream, Kafka's own messages, answers by correlation id.
 *
 * Whoever leads the quorum is the controller; every node knows it from Raft. Calls to itself skip the network. A call
 * is tried again until its deadline while the controller moves, because every controller operation is safe to repeat:
 * a compare-and-set, or answered with an "already so" error of its own.
 */
import { sometimes } from '@jackdaw/base';
import type { Clock, NodeId, Timers } from '@jackdaw/base';
import { decodeBody, encodeBody, ErrorCode, type MessageSchema } from '@jackdaw/protocol';
import type { RpcChannel, RpcNetwork, RpcStream } from '../rpc/rpc-network.ts';
import { rpcMethods, type ControllerRequestMessage, type ControllerResponseMessage } from '../rpc/services.ts';
import { sleep } from '../platform/sleep.ts';
import { ControllerError } from './controller-driver.ts';

/** One operation of the controller: request and response schema of a Kafka API, at the version that travels. */
export interface ControllerApi<RequestDraft, Response> {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly request: MessageSchema<unknown, RequestDraft>;
  readonly response: MessageSchema<Response>;
}

export interface ControllerClientOptions {
  readonly rpc: RpcNetwork;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly nodeId: NodeId;
  readonly clusterId: () => string;
  readonly brokerEpoch: () => number;
  /** Who leads the quorum as far as this node knows; null for nobody. */
  readonly controllerId: () => NodeId | null;
  readonly voterAddresses: ReadonlyMap<NodeId, string>;
  /** The stream to the controller broke: the broker should show soon that it is alive. */
  readonly onBroken: () => void;
  /** The controller on this node. */
  readonly local: (apiKey: number, apiVersion: number, payload: Uint8Array) => Promise<Uint8Array>;
}

interface Call {
  readonly resolve: (payload: Uint8Array) => void;
  readonly reject: (error: ControllerError) => void;
}

type Stream = RpcStream<ControllerRequestMessage>;

/** Longest pause between two tries of one call; the first are shorter: a leader that was just elected is active in a moment. */
const retryMs = 50;
const firstRetryMs = 5;
/** Calls that may wait for an answer at once. */
const maxCalls = 10_000;

export class ControllerClient {
  readonly #options: ControllerClientOptions;
  readonly #calls = new Map<number, Call>();
  readonly #channels = new Map<NodeId, RpcChannel>();
  #stream: Stream | null = null;
  #streamTo: NodeId = -1;
  #nextCorrelationId = 1;
  #isClosed = false;

  constructor(options: ControllerClientOptions) {
    this.#options = options;
  }

  /**
   * Asks the active controller. Rejects with {@link ControllerError}: REQUEST_TIMED_OUT when no controller answered
   * within `timeoutMs`, or what the controller refused with.
   */
  async call<RequestDraft, Response>(
    api: ControllerApi<RequestDraft, Response>,
    request: RequestDraft,
    timeoutMs: number,
  ): Promise<Response> {
    const { clock, timers } = this.#options;
    const payload = encodeBody(api.request, api.apiVersion, request);
    const deadline = clock.monotonicMs() + timeoutMs;
    let last = 'no controller is known';
    for (let pauseMs = firstRetryMs; !this.#isClosed; pauseMs = Math.min(2 * pauseMs, retryMs)) {
      const left = deadline - clock.monotonicMs();
      if (left <= 0) break;
      try {
        return decodeBody(api.response, api.apiVersion, await this.#ask(api, payload, left));
      } catch (error) {
        if (!(error instanceof ControllerError) || !isWorthRetrying(error.errorCode)) throw error;
        last = error.message;
      }
      await sleep(timers, Math.min(pauseMs, Math.max(0, deadline - clock.monotonicMs())));
    }
    throw new ControllerError(ErrorCode.REQUEST_TIMED_OUT, `the controller did not answer within ${timeoutMs} ms: ${last}`);
  }

  /** The quorum has another leader: what waits for the old one is asked again elsewhere. */
  onControllerChanged(): void {
    if (this.#streamTo !== this.#options.controllerId()) this.#dropStream('the controller has moved');
  }

  close(): void {
    this.#isClosed = true;
    this.#dropStream('this broker is stopping');
    for (const channel of this.#channels.values()) channel.close();
  }

  #ask(api: { apiKey: number; apiVersion: number }, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const controllerId = this.#options.controllerId();
    if (controllerId === null) return Promise.reject(new ControllerError(ErrorCode.NOT_CONTROLLER, 'no controller is known'));
    if (controllerId === this.#options.nodeId) return this.#askOwn(api, payload, timeoutMs);
    const stream = this.#streamFor(controllerId);
    if (stream === null) {
      return Promise.reject(new ControllerError(ErrorCode.NOT_CONTROLLER, `no address for controller ${controllerId}`));
    }
    if (this.#calls.size >= maxCalls) {
      return Promise.reject(
        new ControllerError(ErrorCode.THROTTLING_QUOTA_EXCEEDED, `${maxCalls} calls wait for the controller`),
      );
    }
    return new Promise((resolve, reject) => {
      const correlationId = this.#nextCorrelationId++ % 0xffff_ffff;
      const timer = this.#options.timers.setTimer(timeoutMs, () => {
        sometimes('broker: controller is silent');
        this.#calls.delete(correlationId);
        reject(new ControllerError(ErrorCode.REQUEST_TIMED_OUT, `controller ${controllerId} is silent`));
      });
      this.#calls.set(correlationId, {
        resolve: (answer) => {
          timer.cancel();
          resolve(answer);
        },
        reject: (error) => {
          timer.cancel();
          reject(error);
        },
      });
      stream.write({
        correlationId,
        apiKey: api.apiKey,
        apiVersion: api.apiVersion,
        payload,
        clusterId: this.#options.clusterId(),
        brokerId: this.#options.nodeId,
        brokerEpoch: this.#options.brokerEpoch(),
      });
    });
  }

  /** The controller on this node waits for the disks of others, as any does: a heartbeat must not wait with it for ever. */
  #askOwn(api: { apiKey: number; apiVersion: number }, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const timer = this.#options.timers.setTimer(timeoutMs, () => {
        sometimes('broker: its own controller is silent');
        reject(new ControllerError(ErrorCode.REQUEST_TIMED_OUT, `controller ${this.#options.nodeId} is silent`));
      });
      const answered = this.#options.local(api.apiKey, api.apiVersion, payload);
      void answered.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  #streamFor(controllerId: NodeId): Stream | null {
    if (this.#stream !== null && this.#streamTo === controllerId) return this.#stream;
    this.#dropStream('the controller has moved');
    const address = this.#options.voterAddresses.get(controllerId);
    if (address === undefined) return null;
    let channel = this.#channels.get(controllerId);
    if (channel === undefined) this.#channels.set(controllerId, (channel = this.#options.rpc.channel(address, 'control')));
    const stream = channel.open(
      rpcMethods.controllerLink,
      {},
      {
        onMessage: (response) => this.#onResponse(response),
        onEnd: () => {
          if (this.#stream !== stream) return;
          this.#dropStream(`the stream to controller ${controllerId} broke`);
          if (!this.#isClosed) this.#options.onBroken();
        },
      },
    );
    this.#stream = stream;
    this.#streamTo = controllerId;
    return stream;
  }

  #onResponse(response: ControllerResponseMessage): void {
    const call = this.#calls.get(response.correlationId);
    if (call === undefined) sometimes('broker: answer of the controller came too late');
    if (call === undefined) return;
    this.#calls.delete(response.correlationId);
    if (response.error === ErrorCode.NONE) call.resolve(response.payload);
    else call.reject(new ControllerError(response.error, response.errorMessage));
  }

  #dropStream(reason: string): void {
    const stream = this.#stream;
    this.#stream = null;
    this.#streamTo = -1;
    stream?.cancel();
    const calls = [...this.#calls.values()];
    if (calls.length > 0) sometimes('broker: calls were open when the stream to the controller ended');
    this.#calls.clear();
    for (const call of calls) call.reject(new ControllerError(ErrorCode.NOT_CONTROLLER, reason));
  }
}

function isWorthRetrying(errorCode: number): boolean {
  return errorCode === ErrorCode.NOT_CONTROLLER || errorCode === ErrorCode.REQUEST_TIMED_OUT;
}
