/**
 * What something that one user sets, and anybody may read, can be at a time when some of the attempts are of unknown fate.
 *
 * An attempt that nobody saw the end of may take effect whenever its request arrives, even after later ones that were
 * acknowledged: it stays possible. The value `unknownValue` stands for any value but `noValue`.
 */

/** The attempt sets something that its caller cannot name beforehand, such as the id of a new topic. */
export const unknownValue = '?';
export const noValue = 'none';

export class Register {
  /** Last acknowledged. */
  #settled: string;
  readonly #open: string[] = [];

  constructor(initial: string) {
    this.#settled = initial;
  }

  invoke(value: string): void {
    this.#open.push(value);
  }

  /** The attempt that set `value`, or the unknown one that turned out to be it, was done. */
  ok(value: string): void {
    this.fail(this.#open.includes(value) ? value : unknownValue);
    this.#settled = value;
  }

  /** The attempt certainly did nothing. */
  fail(value: string): void {
    const at = this.#open.lastIndexOf(value);
    if (at >= 0) this.#open.splice(at, 1);
  }

  get possible(): readonly string[] {
    return [...new Set([this.#settled, ...this.#open])];
  }

  allows(value: string): boolean {
    const { possible } = this;
    return possible.includes(value) || (value !== noValue && possible.includes(unknownValue));
  }
}
