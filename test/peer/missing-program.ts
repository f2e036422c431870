/**
 * A program or a library that this machine lacks, said to a person: what is missing, and where to get it.
 */

export class MissingProgramError extends Error {
  override readonly name = 'MissingProgramError';
  /** What the reader can do. */
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
