/**
 * Whether this node serves, and if not, why: what /health/ready and /health/started answer.
 */
import type { HealthReport } from '../observability/admin-server.ts';

export class Health {
  /** Resolves when the node serves for the first time; rejects when it stops before. */
  readonly whenReady: Promise<void>;
  #resolveReady: () => void = () => undefined;
  #rejectReady: (error: Error) => void = () => undefined;
  #hasStarted = false;
  #reasons: string[] = ['the broker is joining the cluster'];

  constructor() {
    this.whenReady = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
  }

  onServing(): void {
    this.#hasStarted = true;
    this.#reasons = [];
    this.#resolveReady();
  }

  onFenced(): void {
    this.#reasons = ['the controller has fenced this broker'];
  }

  onStopping(error: Error): void {
    this.#reasons = ['the broker is stopping'];
    this.#rejectReady(error);
  }

  ready(): HealthReport {
    return { isOk: this.#reasons.length === 0, reasons: this.#reasons };
  }

  started(): HealthReport {
    return { isOk: this.#hasStarted, reasons: this.#hasStarted ? [] : this.#reasons };
  }
}
