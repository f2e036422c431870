/**
 * gRPC options for the links between brokers, with the reason for each (measured; see docs/internals).
 */
import type { ChannelOptions } from '@grpc/grpc-js';

/** Largest message that a peer may send: a push of one oversized batch, or a Raft snapshot chunk. */
export const maxMessageBytes = 128 * 1024 * 1024;

const common: ChannelOptions = {
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
  // A peer that is gone without a FIN is noticed after keepalive time + timeout (F2).
  'grpc.keepalive_time_ms': 2_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.keepalive_permit_without_calls': 1,
};

/** Raft and controller traffic: small messages on a connection of its own, so that data never delays a heartbeat. */
export const controlChannelOptions: ChannelOptions = {
  ...common,
  'grpc.use_local_subchannel_pool': 1,
  // The default back-off grows to two minutes: a broker that comes back would look dead for as long.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/** Replication traffic: the follower's window is what keeps the stream from being latency-bound. */
export const dataChannelOptions: ChannelOptions = {
  ...controlChannelOptions,
  'grpc-node.flow_control_window': 8 * 1024 * 1024,
};

export const serverOptions: ChannelOptions = {
  ...common,
  'grpc.max_concurrent_streams': 1_000,
};
