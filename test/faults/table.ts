/**
 * The table of faults: every row, in the order in which they are run. A row is a file in rows/.
 */
import { clockRows } from './rows/clock.ts';
import { connectionRows } from './rows/connections.ts';
import { damageRows } from './rows/damage.ts';
import { diskFullRows } from './rows/disk-full.ts';
import { diskMisbehavesRows } from './rows/disk-misbehaves.ts';
import { linkRows } from './rows/links.ts';
import { partitionRows } from './rows/partition.ts';
import { powerCutRows } from './rows/power-cut.ts';
import { killRows } from './rows/process-kill.ts';
import { signalRows } from './rows/process-signal.ts';
import type { FaultRow } from './row.ts';

export const table: readonly FaultRow[] = [
  ...killRows,
  ...signalRows,
  ...partitionRows,
  ...linkRows,
  ...powerCutRows,
  ...diskFullRows,
  ...diskMisbehavesRows,
  ...damageRows,
  ...clockRows,
  ...connectionRows,
];

/** The rows of which `only` has the name or the family; all when it is empty. Throws for a name that is neither. */
export function chooseRows(only: readonly string[]): readonly FaultRow[] {
  const isMeant = (row: FaultRow, name: string): boolean => row.name === name || row.family === name;
  const unknown = only.find((name) => !table.some((row) => isMeant(row, name)));
  if (unknown !== undefined) throw new RangeError(`${unknown} is neither a row nor a family of rows; --list shows them`);
  return only.length === 0 ? table : table.filter((row) => only.some((name) => isMeant(row, name)));
}
