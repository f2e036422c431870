/**
 * Ties replication streams to the network between brokers: the leader's side of the Fetch method, and a link to each
 * leader that is followed.
 */
import type { Clock, NodeId, Scheduler } from '@jackdaw/base';
import type { PartitionFollower } from '@jackdaw/replication';
import { noStreamEvents, type RpcChannel, type RpcNetwork, type RpcStream, type RpcStreamEvents } from '../rpc/rpc-network.ts';
import { rpcMethods, type FollowerMessage } from '../rpc/services.ts';
import { FollowerStream, type FollowerStreamOptions } from './follower-stream.ts';
import type { HostedPartition } from './hosted-partition.ts';
import { LeaderLink, type FollowerTransport, type LeaderLinkOptions, type TransportEvents } from './leader-link.ts';
import type { PartitionPush } from './push-codec.ts';

export interface ReplicationServiceOptions {
  readonly rpc: RpcNetwork;
  readonly scheduler: Scheduler;
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

export class ReplicationService {
  readonly #options: ReplicationServiceOptions;
  readonly #streams = new Set<FollowerStream>();
  readonly #links = new Map<NodeId, LeaderLink>();
  readonly #linkOf = new Map<HostedPartition, LeaderLink>();
  readonly #channels = new Map<NodeId, { address: string; channel: RpcChannel }>();
  #isClosed = false;

  constructor(options: ReplicationServiceOptions) {
    this.#options = options;
  }

  /** Server side of the Fetch method. */
  readonly handleFetch = (rpcStream: RpcStream<PartitionPush[]>): RpcStreamEvents<FollowerMessage> => {
    if (this.#isClosed) {
      rpcStream.end();
      return noStreamEvents;
    }
    const stream = new FollowerStream({
      ...this.#options.leader,
      clusterId: this.#options.clusterId(),
      clock: this.#options.clock,
      scheduler: this.#options.scheduler,
      writer: {
        write: (push) => rpcStream.write(push),
        close: (error) => {
          if (error !== null) rpcStream.cancel(error);
          else rpcStream.end();
        },
      },
    });
    this.#streams.add(stream);
    return {
      onMessage: (message) => stream.onMessage(message),
      onDrain: () => stream.onDrain(),
      onEnd: () => {
        this.#streams.delete(stream);
        stream.close(null);
      },
    };
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
    for (const { channel } of this.#channels.values()) channel.close();
    this.#links.clear();
    this.#linkOf.clear();
  }

  #newLink(leaderId: NodeId): LeaderLink {
    return new LeaderLink({
      ...this.#options.follower,
      scheduler: this.#options.scheduler,
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
    const channel = this.#channelOf(leaderId);
    if (channel === null) {
      const timer = this.#options.scheduler.setTimer(0, () => events.onEnd('the leader is not registered'));
      return { write: () => undefined, cancel: () => timer.cancel() };
    }
    return channel.open(
      rpcMethods.fetch,
      {},
      {
        onMessage: (push) => events.onPush(push),
        onEnd: ({ reason }) => events.onEnd(reason),
      },
    );
  }

  /** The channel to a leader; made anew when the broker has registered at another address. */
  #channelOf(leaderId: NodeId): RpcChannel | null {
    const address = this.#options.addressOf(leaderId);
    if (address === undefined) return null;
    const known = this.#channels.get(leaderId);
    if (known !== undefined && known.address === address) return known.channel;
    known?.channel.close();
    const channel = this.#options.rpc.channel(address, 'data');
    this.#channels.set(leaderId, { address, channel });
    return channel;
  }
}
