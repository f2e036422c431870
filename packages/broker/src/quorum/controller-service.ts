/**
 * The controller's end of the brokers' streams: decodes a request, has it carried out, encodes the answer.
 *
 * A stream is its broker's lease (F2, E13): when it breaks, the broker is asked over a fresh connection whether it is
 * still there. Nobody listening, or another process in its place, means that it is gone, and it is fenced at once;
 * silence or another fault leaves it a short grace, and the session timeout as the last resort. A new controller has no
 * streams whose end it could see, so it asks every broker once; and a broker that registers anew need not wait for the
 * session of the process that it replaces.
 */
import { sometimes } from '@jackdaw/base';
import type { NodeId, Timers } from '@jackdaw/base';
import { ApiKey, decodeBody, encodeBody, ErrorCode } from '@jackdaw/protocol';
import type { DescribeQuorumRequest, DescribeQuorumResponseDraft } from '@jackdaw/protocol';
import type { RpcNetwork, RpcStream, RpcStreamEvents } from '../rpc/rpc-network.ts';
import {
  rpcMethods,
  type ControllerRequestMessage,
  type ControllerResponseMessage,
  type PingRequestMessage,
  type PingResponseMessage,
} from '../rpc/services.ts';
import { controllerSchemas } from './controller-apis.ts';
import { ControllerError, type ControllerDriver } from './controller-driver.ts';

export interface ControllerServiceOptions {
  readonly rpc: RpcNetwork;
  readonly timers: Timers;
  readonly nodeId: NodeId;
  readonly incarnationId: string;
  readonly clusterId: () => string;
  readonly driver: ControllerDriver;
  /** Who leads the quorum as far as this node knows, −1 for nobody. */
  readonly controllerId: () => NodeId;
  /** The quorum as its leader sees it; only asked while this node leads. */
  readonly describeQuorum: (request: DescribeQuorumRequest) => DescribeQuorumResponseDraft;
  /** The brokers that hold a lease: registered and not fenced. */
  readonly liveBrokers: () => readonly NodeId[];
  /** A registered broker's process, and where it takes gRPC, `host:port`. */
  readonly registeredProcess: (brokerId: NodeId) => RegisteredProcess | undefined;
  readonly onError: (error: unknown, apiKey: number) => void;
}

export interface RegisteredProcess {
  readonly address: string;
  readonly incarnationId: string;
}

type LinkStream = RpcStream<ControllerResponseMessage>;

const pingTimeoutMs = 500;
/** How often a new controller asks a silent broker, and the pauses between: in all, what keepalive takes to end a stream. */
const silentQuestions = 4;
const silentPauseMs = 500;
/** Answers that may wait for a slow broker before its stream is given up. */
const maxQueuedResponses = 10_000;

export class ControllerService {
  readonly #options: ControllerServiceOptions;
  readonly #streams = new Set<LinkStream>();
  /** The newest stream of each broker: only its end says something about the broker. */
  readonly #newest = new Map<NodeId, LinkStream>();
  #isClosed = false;

  constructor(options: ControllerServiceOptions) {
    this.#options = options;
  }

  readonly handleLink = (stream: LinkStream): RpcStreamEvents<ControllerRequestMessage> => {
    this.#streams.add(stream);
    let brokerId: NodeId = -1;
    return {
      onMessage: (request) => {
        brokerId = request.brokerId;
        this.#newest.set(brokerId, stream);
        void this.#answer(stream, request);
      },
      onEnd: () => {
        this.#streams.delete(stream);
        if (this.#newest.get(brokerId) !== stream) return;
        this.#newest.delete(brokerId);
        if (!this.#isClosed) void this.#onBroken(brokerId);
      },
    };
  };

  readonly handlePing = (request: PingRequestMessage): PingResponseMessage => ({
    clusterId: this.#options.clusterId(),
    nodeId: this.#options.nodeId,
    incarnationId: request.clusterId === '' ? '' : this.#options.incarnationId,
  });

  /** This node has become the active controller: brokers that died before cannot break a stream to it. */
  async onActive(): Promise<void> {
    const strangers = this.#options.liveBrokers().filter((id) => id !== this.#options.nodeId && !this.#newest.has(id));
    await Promise.all(strangers.map((id) => this.#lookFor(id)));
  }

  /** Carries out an encoded request on this node. Rejects with {@link ControllerError}. */
  async handleLocal(apiKey: number, apiVersion: number, payload: Uint8Array): Promise<Uint8Array> {
    const schemas = controllerSchemas.get(apiKey);
    if (schemas === undefined)
      throw new ControllerError(ErrorCode.UNSUPPORTED_VERSION, `api key ${apiKey} is not the controller's`);
    const body = decodeBody(schemas.request, apiVersion, payload) as object;
    if (apiKey === ApiKey.BrokerRegistration) await this.#beforeRegistration(body as { brokerId: NodeId; incarnationId: string });
    const isOfQuorum = apiKey === ApiKey.DescribeQuorum;
    const response = isOfQuorum
      ? this.#describeQuorum(body)
      : await this.#options.driver.handle<object>(apiKey, apiVersion, body);
    return encodeBody(schemas.response, apiVersion, response);
  }

  #describeQuorum(body: object): object {
    if (this.#options.controllerId() !== this.#options.nodeId) {
      throw new ControllerError(ErrorCode.NOT_CONTROLLER, 'this node does not lead the quorum');
    }
    return this.#options.describeQuorum(body as DescribeQuorumRequest);
  }

  /** Ends every stream: this node leads no longer, and brokers must look for the one that does. */
  dropStreams(): void {
    for (const stream of this.#streams) stream.end();
  }

  close(): void {
    this.#isClosed = true;
    this.dropStreams();
  }

  async #answer(stream: LinkStream, request: ControllerRequestMessage): Promise<void> {
    const { correlationId, apiKey, apiVersion, payload, clusterId } = request;
    const response: ControllerResponseMessage = {
      correlationId,
      error: ErrorCode.NONE,
      errorMessage: '',
      controllerId: this.#options.controllerId(),
      payload: new Uint8Array(0),
    };
    try {
      const own = this.#options.clusterId();
      if (clusterId !== '' && own !== '' && clusterId !== own) {
        throw new ControllerError(ErrorCode.INCONSISTENT_CLUSTER_ID, `cluster id ${clusterId} is not ${own}`);
      }
      response.payload = await this.handleLocal(apiKey, apiVersion, payload);
    } catch (error) {
      if (!(error instanceof ControllerError)) this.#options.onError(error, apiKey);
      response.error = error instanceof ControllerError ? error.errorCode : ErrorCode.UNKNOWN_SERVER_ERROR;
      response.errorMessage = error instanceof Error ? error.message : String(error);
    }
    if (!this.#streams.has(stream)) return;
    if (stream.queuedMessages > maxQueuedResponses) stream.cancel(new Error('the broker does not read its answers'));
    else stream.write(response);
  }

  async #onBroken(brokerId: NodeId): Promise<void> {
    if (!this.#options.driver.isActive) return;
    const isGone = (await this.#ask(brokerId)) === 'gone';
    if (this.#newest.has(brokerId)) sometimes('broker: another stream came while a broker was looked for');
    // It may have come back while it was asked.
    if (!this.#isClosed && !this.#newest.has(brokerId)) this.#options.driver.onBrokerStreamBroken(brokerId, isGone);
  }

  /** Another process wants the broker's place: it may have it at once when the one that has it is gone (E13). */
  async #beforeRegistration({ brokerId, incarnationId }: { brokerId: NodeId; incarnationId: string }): Promise<void> {
    const registered = this.#options.registeredProcess(brokerId);
    const isLive = this.#options.liveBrokers().includes(brokerId);
    if (isLive && registered?.incarnationId !== incarnationId) await this.#fenceIfGone(brokerId);
  }

  /**
   * A broker without a stream to this new controller: gone, it is fenced at once. Silent, as a process that was paused with
   * the controller's role, it is asked for as long as keepalive would wait, and then treated like one whose stream broke:
   * without this its partitions would wait for a whole session more.
   */
  async #lookFor(brokerId: NodeId): Promise<void> {
    const { driver, timers } = this.#options;
    for (let question = 0; question < silentQuestions; question++) {
      const answer = await this.#ask(brokerId);
      if (this.#isClosed || !driver.isActive || this.#newest.has(brokerId) || answer === 'there') return;
      if (answer === 'gone') return driver.onBrokerStreamBroken(brokerId, true);
      await new Promise<void>((resolve) => void timers.setTimer(silentPauseMs, resolve));
    }
    if (!this.#isClosed && driver.isActive && !this.#newest.has(brokerId)) driver.onBrokerStreamBroken(brokerId, false);
  }

  async #fenceIfGone(brokerId: NodeId): Promise<void> {
    const isGone = (await this.#ask(brokerId)) === 'gone';
    if (isGone && !this.#isClosed) this.#options.driver.onBrokerStreamBroken(brokerId, true);
  }

  /** Gone: nothing listens any more where the broker took gRPC, or what listens there is another process. */
  async #ask(brokerId: NodeId): Promise<'there' | 'gone' | 'silent'> {
    const registered = this.#options.registeredProcess(brokerId);
    if (registered === undefined) return 'there';
    const channel = this.#options.rpc.channel(registered.address, 'control');
    const answer = await channel.call(rpcMethods.controllerPing, { clusterId: this.#options.clusterId() }, pingTimeoutMs);
    channel.close();
    if (answer === 'unreachable') sometimes('broker: nothing listens where a broker was');
    if (answer === 'unreachable') return 'gone';
    if (answer === 'failed') sometimes('broker: a broker does not answer the question whether it is there');
    if (answer === 'failed') return 'silent';
    const isAnother = answer.incarnationId !== '' && answer.incarnationId !== registered.incarnationId;
    if (isAnother) sometimes('broker: another process listens where a broker was');
    return isAnother ? 'gone' : 'there';
  }
}
