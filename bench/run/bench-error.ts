/**
 * What keeps a benchmark from running, said to a person: what is wrong, and what to do about it.
 */

export class BenchError extends Error {
  override readonly name = 'BenchError';
  /** What the reader can do; empty when there is nothing. */
  readonly hint: string;

  constructor(message: string, hint = '', options: ErrorOptions = {}) {
    super(message, options);
    this.hint = hint;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
