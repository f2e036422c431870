/**
 * A history while it is being made.
 */
import type { History, HistoryEvent } from '../history/history.ts';

export class Recorder implements History {
  readonly idempotent = new Set<string>();
  readonly events: HistoryEvent[] = [];
  isLossy = false;
  /** Told of each event as it comes. */
  onEvent: ((event: HistoryEvent) => void) | null = null;

  add(event: HistoryEvent): void {
    this.events.push(event);
    this.onEvent?.(event);
  }
}
