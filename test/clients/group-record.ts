/**
 * What the members of one group were given and have read, as their own callbacks tell it.
 *
 * The client suites ask it whether the partitions are shared out, each to one member, and whether every record was read.
 * A member that starts to rebalance gives everything up, as the eager protocol has it.
 */
export class GroupRecord {
  /** Each case of a partition given to a member while another one held it. */
  readonly violations: string[] = [];
  readonly #partitions: number;
  readonly #ownerOf = new Map<number, string>();
  readonly #read = new Set<string>();

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  onAssigned(member: string, partitions: readonly number[]): void {
    this.onRevoked(member);
    for (const partition of partitions) {
      const owner = this.#ownerOf.get(partition);
      if (owner !== undefined) this.violations.push(`partition ${partition} of ${owner} went to ${member} as well`);
      this.#ownerOf.set(partition, member);
    }
  }

  onRevoked(member: string): void {
    for (const [partition, owner] of this.#ownerOf) if (owner === member) this.#ownerOf.delete(partition);
  }

  onRead(value: string): void {
    this.#read.add(value);
  }

  isBalancedOver(members: number): boolean {
    return this.#ownerOf.size === this.#partitions && new Set(this.#ownerOf.values()).size === members;
  }

  hasRead(values: readonly string[]): boolean {
    return values.every((value) => this.#read.has(value));
  }
}
