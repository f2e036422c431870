/**
 * Waiting until this broker's own image shows what the controller has answered with.
 *
 * Kafka answers as soon as the controller has committed; a client that then asks a broker that is a moment behind does not
 * find its topic. Here the broker that took the request waits for its image, within the time that the client gave.
 */
import type { MetadataImage } from '@jackdaw/metadata';
import type { BrokerServices } from '../broker-services.ts';

/** True when the image came to show it before the deadline on the monotonic clock. */
export async function whenImageShows(
  broker: BrokerServices,
  isShown: (image: MetadataImage) => boolean,
  deadlineMs: number,
): Promise<boolean> {
  let isLate = false;
  let timer: { cancel(): void } | undefined;
  const late = new Promise<void>((resolve) => {
    timer = broker.timers.setTimer(Math.max(0, deadlineMs - broker.clock.monotonicMs()), () => {
      isLate = true;
      resolve();
    });
  });
  while (!isLate && !isShown(broker.image())) {
    await Promise.race([broker.whenApplied(broker.image().appliedIndex + 1), late]);
  }
  timer?.cancel();
  return isShown(broker.image());
}

/** Time for the controller's answer to requests that bring none of their own. */
export function controllerTimeoutMs(broker: BrokerServices): number {
  return broker.config.view.number('request.timeout.ms');
}

const maxTimeoutMs = 300_000;

/** What a client gave as its timeout, within bounds: a request of no time at all still gets one try. */
export function boundedTimeoutMs(timeoutMs: number): number {
  return Math.min(Math.max(timeoutMs, 100), maxTimeoutMs);
}
