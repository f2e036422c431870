/**
 * The topics in a consumer's subscription, which decide what offset expiry and OffsetDelete may touch.
 *
 * The subscription is opaque to the group protocol; only its version-0 prefix is read here, since every later version
 * begins with it (Kafka's ConsumerProtocol): an int16 version, the topic names, user data.
 */
import { consumerProtocolSubscription, decodeBody, ProtocolError, Reader } from '@jackdaw/protocol';

/** The protocol type of consumer groups, and the only one whose metadata the broker looks into. */
export const consumerProtocolType = 'consumer';

/** The subscribed topics, or null when the bytes are no subscription. */
export function subscribedTopicsOf(metadata: Uint8Array): string[] | null {
  try {
    const reader = new Reader(metadata);
    if (reader.int16() < 0) return null;
    return decodeBody(consumerProtocolSubscription, 0, reader).topics;
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}
