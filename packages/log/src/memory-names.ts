/**
 * The names of a disk in memory: a tree of directories, from paths to files.
 *
 * `MemoryFs` keeps two, one of what programs see and one of what the device holds for sure. Changes are applied to the
 * second by themselves and in any subset, so a name may be there whose directory is not; `prune` takes it away after a
 * crash, as it was never reachable.
 */

/** A file, or null for a directory. */
type Entry<File> = File | null;

export class NameTable<File extends object> {
  readonly #entries = new Map<string, Entry<File>>([['/', null]]);
  /** Names inside each directory, in the order of their creation. */
  readonly #children = new Map<string, Set<string>>();

  /** Undefined when there is nothing at `path`, null for a directory. */
  get(path: string): Entry<File> | undefined {
    return this.#entries.get(path);
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  set(path: string, entry: Entry<File>): void {
    this.#entries.set(path, entry);
    const parent = parentOf(path);
    const siblings = this.#children.get(parent);
    if (siblings === undefined) this.#children.set(parent, new Set([path]));
    else siblings.add(path);
  }

  delete(path: string): void {
    this.#entries.delete(path);
    const siblings = this.#children.get(parentOf(path));
    siblings?.delete(path);
    if (siblings?.size === 0) this.#children.delete(parentOf(path));
  }

  /** Moves a name and what lies below it; nothing happens when it is not there. */
  rename(from: string, to: string): void {
    const entry = this.#entries.get(from);
    if (entry === undefined) return;
    for (const child of this.childrenOf(from)) this.rename(child, to + child.slice(from.length));
    this.delete(from);
    this.set(to, entry);
  }

  /** Paths of what lies directly in a directory. */
  childrenOf(path: string): string[] {
    return [...(this.#children.get(path) ?? [])];
  }

  entries(): IterableIterator<[string, Entry<File>]> {
    return this.#entries.entries();
  }

  /** Each file once, however many names it has. */
  files(): Set<File> {
    const files = new Set<File>();
    for (const entry of this.#entries.values()) if (entry !== null) files.add(entry);
    return files;
  }

  /** A table with only those names that can be reached from the root. */
  prune(): NameTable<File> {
    const pruned = new NameTable<File>();
    const visit = (directory: string): void => {
      for (const path of this.childrenOf(directory)) {
        const entry = this.#entries.get(path);
        if (entry === undefined) continue;
        pruned.set(path, entry);
        if (entry === null) visit(path);
      }
    };
    visit('/');
    return pruned;
  }
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}
