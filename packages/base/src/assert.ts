/**
 * Assertions that stay on in production.
 *
 * A failed assertion is a broken invariant: a bug, never a peer's or a user's mistake. It is not caught on the
 * way up; the process crashes (architecture rule 3), because going on could acknowledge or serve wrong data.
 */

/** A broken invariant. Nothing catches it but the process's last handler. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/**
 * Throws {@link InvariantError} unless `condition` holds. Where an assertion runs for each batch, the value belongs into
 * `detail`: it is put behind the message when the assertion fails, and a text that is built each time costs ten times
 * what the check does.
 */
export function assert(condition: unknown, message: string, detail?: string | number): asserts condition {
  if (!condition) throw new InvariantError(detail === undefined ? message : `${message}: ${detail}`);
}

/** For the `default` of an exhaustive switch: a compile error while a case is missing, a crash at run time. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${String(value)}`);
}

/** The value, or a crash when it is absent where an invariant says that it cannot be. */
export function expectDefined<T>(value: T | null | undefined, message: string): T {
  if (value === undefined || value === null) throw new InvariantError(message);
  return value;
}
