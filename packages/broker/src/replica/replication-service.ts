/**
 * Ties replication streams to gRPC: the leader's side of the Fetch method, and a link to each leader that is followed.
 */
import { Client, credentials, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Clock, NodeId } from '@jackdaw/base';
import type { PartitionFollower } from '@jackdaw/replication';
import { dataChannelOptions } from '../rpc/channel-options.ts';
import { method, replicationService, type FollowerMessage } from '../rpc/services.ts';
import { onClientStreamEnd, onServerStreamEnd } from '../rpc/stream-end.ts';
import { FollowerStream, type FollowerStreamOptions } from './follower-stream.ts';
import type { HostedPartition } from './hosted-partition.ts';
import { LeaderLink, type FollowerTransport, type LeaderLinkOptions, type TransportEvents } from './leader-link.ts';
import type { PartitionPush } from './push-codec.ts';

export interface ReplicationServiceOptions {
  readonly nodeId: NodeId;
  readonly clusterId: () => string;
  readonly brokerEpoch: () => number;
  readonly clock: Clock;
  /** Where a broker takes gRPC, `host:port`; undefined while it is not registered. */
  readonly addressOf: (brokerId: NodeId) => string | undefined;
  readonly leader: Pick<FollowerStreamOptions, 'readBytes' | 'pushBytes' | 'find' | 'onPosition' | 'onBytesSent' | 'onCorrupt'>;
  readonly follower: Pick<
    LeaderLinkOptions,
    'maxRetryMs' | 'append' | 'onTruncated' | 'mayTruncate' | 'onFailure' | 'onStreamEnd'
  >;
}

type FetchCall = ServerDuplexStream<FollowerMessage, PartitionPush[]>;

const fetch = method<FollowerMessage, PartitionPush[]>(replicationService, 'Fetch');

export class ReplicationService {
  readonly #options: ReplicationServiceOptions;
  readonly #streams = new Set<FollowerStream>();
  readonly #links = new Map<NodeId, LeaderLink>();
  readonly #linkOf = new Map<HostedPartition, LeaderLink>();
  readonly #clients = new Map<NodeId, { address: string; client: Client }>();
  #isClosed = false;

  constructor(options: ReplicationServiceOptions) {
    this.#options = options;
  }

  /** Server side of the Fetch method. */
  readonly handleFetch = (call: FetchCall): void => {
    if (this.#isClosed) {
      call.end();
      return;
    }
    const stream = new FollowerStream({
      ...this.#options.leader,
      clusterId: this.#options.clusterId(),
      clock: this.#options.clock,
      writer: {
        write: (push) => call.write(push),
        close: (error) => {
          if (error !== null) call.destroy(error);
          else call.end();
        },
      },
    });
    this.#streams.add(stream);
    call.on('data', (message: FollowerMessage) => stream.onMessage(message));
    call.on('drain', () => stream.onDrain());
    onServerStreamEnd(call, () => {
      this.#streams.delete(stream);
      stream.close(null);
    });
  };

  follow(partition: HostedPartition, follower: PartitionFollower): void {
    this.unfollow(partition);
    if (this.#isClosed) return;
    let link = this.#links.get(follower.leader);
    if (link === undefined) this.#links.set(follower.leader, (link = this.#newLink(follower.leader)));
    this.#linkOf.set(partition, link);
    link.follow(partition, follower);
  }

  unfollow(partition: HostedPartition): void {
    this.#linkOf.get(partition)?.unfollow(partition);
    this.#linkOf.delete(partition);
  }

  onDurable(partition: HostedPartition): void {
    this.#linkOf.get(partition)?.onDurable(partition);
  }

  /** This broker has registered anew: leaders must hear its positions under the new broker epoch. */
  onBrokerEpoch(): void {
    for (const link of this.#links.values()) link.onBrokerEpoch();
  }

  close(): void {
    this.#isClosed = true;
    for (const link of this.#links.values()) link.close();
    for (const stream of this.#streams) stream.close(null);
    for (const { client } of this.#clients.values()) client.close();
    this.#links.clear();
    this.#linkOf.clear();
  }

  #newLink(leaderId: NodeId): LeaderLink {
    return new LeaderLink({
      ...this.#options.follower,
      leaderId,
      hello: () => ({
        clusterId: this.#options.clusterId(),
        brokerId: this.#options.nodeId,
        brokerEpoch: this.#options.brokerEpoch(),
      }),
      connect: (events) => this.#connect(leaderId, events),
    });
  }

  #connect(leaderId: NodeId, events: TransportEvents): FollowerTransport {
    const client = this.#clientOf(leaderId);
    if (client === null) {
      const timer = setTimeout(() => events.onEnd('the leader is not registered'), 0);
      return { write: () => undefined, cancel: () => clearTimeout(timer) };
    }
    const call = client.makeBidiStreamRequest(fetch.path, fetch.requestSerialize, fetch.responseDeserialize);
    call.on('data', (push: PartitionPush[]) => events.onPush(push));
    onClientStreamEnd(call, (reason) => events.onEnd(reason));
    return { write: (message) => call.write(message), cancel: () => call.cancel() };
  }

  /** The client for a leader; made anew when the broker has registered at another address. */
  #clientOf(leaderId: NodeId): Client | null {
    const address = this.#options.addressOf(leaderId);
    if (address === undefined) return null;
    const known = this.#clients.get(leaderId);
    if (known !== undefined && known.address === address) return known.client;
    known?.client.close();
    const client = new Client(address, credentials.createInsecure(), dataChannelOptions);
    this.#clients.set(leaderId, { address, client });
    return client;
  }
}
