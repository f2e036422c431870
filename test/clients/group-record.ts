/**
 * What the members of one group were given and have read, as their own callbacks tell it.
 *
 * The client suites wait until it says that the partitions are shared out, each to one member, and that every record was
 * read. Callbacks of different members come in no order, so two of them may seem to hold a partition while they change
 * hands; a group in which that stays so never becomes balanced. Where the client tells the generation, two owners of one
 * partition in the same generation are noted for good.
 */
export class GroupRecord {
  /** Each case of a partition given to two members in one generation. */
  readonly violations: string[] = [];
  readonly #partitions: number;
  readonly #assigned = new Map<string, readonly number[]>();
  /** Who was given what, by generation and partition. */
  readonly #owners = new Map<string, string>();
  readonly #read = new Set<string>();

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  onAssigned(member: string, partitions: readonly number[], generation?: number): void {
    this.#assigned.set(member, partitions);
    if (generation === undefined) return;
    for (const partition of partitions) {
      const place = `partition ${partition} in generation ${generation}`;
      const owner = this.#owners.get(place) ?? member;
      if (owner !== member) this.violations.push(`${place} belongs to ${owner} and ${member}`);
      this.#owners.set(place, member);
    }
  }

  onRevoked(member: string): void {
    this.#assigned.delete(member);
  }

  onRead(value: string): void {
    this.#read.add(value);
  }

  /** Whether so many members hold every partition between them, and none is held twice. */
  isBalancedOver(members: number): boolean {
    const holders = [...this.#assigned.values()].filter(({ length }) => length > 0);
    const held = holders.flat();
    return holders.length === members && held.length === this.#partitions && new Set(held).size === held.length;
  }

  hasRead(values: readonly string[]): boolean {
    return values.every((value) => this.#read.has(value));
  }
}
