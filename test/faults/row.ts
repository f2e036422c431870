/**
 * What a row of the table of faults is: the fault as text and as code, what is expected, and what is measured.
 *
 * A row says in words what it does and what must hold; `prepare` makes what the cluster must be started with (a library under
 * the brokers, a small disk) and gives the code that strikes and heals. Whatever a row does, the history checker judges
 * the run, so a row needs to check only what is special to it: it throws, and the cycle has failed. table.ts lists the rows;
 * run-row.ts runs one for so many cycles, schedule.ts mixes them.
 */
import type { Prng } from '@jackdaw/base';
import type { ClusterOptions } from './cluster.ts';
import type { FaultRun } from './fault-run.ts';
import type { SideName } from './sides/side.ts';

export type Family = 'process' | 'network' | 'disk' | 'resource' | 'clock';

export interface FaultRow {
  /** What `--only` takes: words with hyphens between. */
  readonly name: string;
  readonly family: Family;
  /** One line for the table: what is done to whom. */
  readonly fault: string;
  /** One line for the table: what must hold. */
  readonly expected: string;
  /** Of the list of correctness: "B1", "F13". */
  readonly statements: readonly string[];
  /** Without `--cycles`. */
  readonly cycles: number;
  /** Sides that it can be done to; default all. */
  readonly sides?: readonly SideName[];
  readonly limits?: readonly Limit[];
  /** Why it cannot be done here: the row is then SKIPPED with this reason. undefined: it can. */
  readonly whyNot?: (options: RowOptions) => string | undefined;
  readonly prepare: (options: RowOptions) => PreparedRow | Promise<PreparedRow>;
}

export interface RowOptions {
  readonly side: SideName;
  readonly brokers: number;
  readonly seed: number;
  /** Of `--with name=value`, by name. */
  readonly text: (name: string, otherwise: string) => string;
}

export interface PreparedRow {
  /** What the cluster needs; `settings` are added to those of the command line, `launch` wraps that of others in a schedule. */
  readonly cluster?: Pick<ClusterOptions, 'settings' | 'launch' | 'network' | 'topicConfigs' | 'placeData'>;
  /** Begins the fault. What it returns undoes it. */
  readonly strike: (run: FaultRun, prng: Prng) => Promise<Struck>;
  /** How long the fault lasts, milliseconds, drawn between the two; default 0. Not with `whileStruck`. */
  readonly holdMs?: readonly [number, number];
  /** In place of `holdMs`: what must be seen while the fault lasts; throws when it is not. */
  readonly whileStruck?: (run: FaultRun, struck: Struck) => Promise<Figures | undefined>;
  /** After the ISR is full again, the load is steady and everything is healed; throws when something special does not hold. */
  readonly afterwards?: (run: FaultRun, struck: Struck) => Promise<Figures | undefined>;
  /** Milliseconds in which the ISR must be full again after the healing; default 60,000. */
  readonly recoveryMs?: number;
  /** What a schedule may have at the same time as others: one fault of each scope. Without it the row is never in a schedule. */
  readonly scope?: 'brokers' | 'network' | 'files' | 'clients';
  /** Undoes `prepare` after the cluster has been stopped; also after a failure. */
  readonly tearDown?: () => void | Promise<void>;
}

/** A fault that is in force. */
export interface Struck {
  /** For the progress line: "broker 2, leader of faults-3". */
  readonly text: string;
  /** Brokers that cannot serve while it lasts. */
  readonly victims: readonly number[];
  readonly heal: () => Promise<void>;
}

/** Numbers by name; names that end in Ms are milliseconds. `gapMs`, `fullMs` and `failed` are measured of every row. */
export type Figures = Readonly<Record<string, number>>;

/** What a figure may be at most, over all cycles. */
export interface Limit {
  readonly figure: string;
  readonly of: 'p50' | 'p99' | 'max';
  readonly atMost: number;
}
