/**
 * Columns of text for people: header in capitals, cells padded to the widest, numbers to the right.
 *
 * Widths are counted in terminal cells, not in UTF-16 units, so that wide characters line up; control characters in what a
 * client named (topics, keys, client ids) are escaped, because they could otherwise move the cursor or forge lines.
 */
import { paintNothing, type Paint, type Tone } from './style.ts';

export interface Column<Row> {
  readonly header: string;
  readonly value: (row: Row) => string | number | boolean | null | undefined;
  readonly align?: 'left' | 'right';
  /** Shown only with `-o wide`. */
  readonly wide?: boolean;
  readonly tone?: (row: Row) => Tone;
}

export interface TableOptions {
  readonly wide?: boolean;
  readonly paint?: Paint;
}

const gap = '  ';

/** The lines of the table; with no rows, the header alone. */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], options: TableOptions = {}): string[] {
  const paint = options.paint ?? paintNothing;
  const shown = columns.filter((column) => column.wide !== true || options.wide === true);
  const cells = rows.map((row) => shown.map((column) => cellText(column.value(row))));
  const widths = shown.map((column, i) =>
    Math.max(displayWidth(column.header), ...cells.map((line) => displayWidth(line[i] as string))),
  );
  const header = shown.map((column, i) => paint('bold', pad(column.header, widths[i] as number, column.align)));
  const body = cells.map((line, r) =>
    shown.map((column, i) =>
      paint(column.tone?.(rows[r] as Row) ?? 'plain', pad(line[i] as string, widths[i] as number, column.align)),
    ),
  );
  return [header, ...body].map((line) => line.join(gap).trimEnd());
}

/** "Name:  value" lines with the values in one column. */
export function renderFacts(
  facts: readonly (readonly [name: string, value: string, tone?: Tone])[],
  paint: Paint = paintNothing,
): string[] {
  const width = Math.max(0, ...facts.map(([name]) => displayWidth(name))) + 1;
  return facts.map(([name, value, tone]) =>
    `${paint('bold', pad(`${name}:`, width))} ${paint(tone ?? 'plain', escapeControls(value))}`.trimEnd(),
  );
}

function cellText(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined || value === '') return '-';
  return escapeControls(String(value));
}

function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const missing = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'right' ? missing + text : text + missing;
}

/** Control characters as \xNN, so that bytes from the cluster cannot drive the terminal. */
export function escapeControls(text: string): string {
  // oxfmt keeps the escapes; the class is C0 but tab is included too, then DEL and C1.
  return text.replace(controlCharacters, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

const controlCharacters = new RegExp('[\\u0000-\\u001f\\u007f-\\u009f]', 'g');

/** Terminal cells that the text takes: 0 for combining marks, 2 for East Asian wide characters and emoji. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  const code = character.codePointAt(0) as number;
  if (code < 0x300) return 1;
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(character)) return 0;
  return isWide(code) ? 2 : 1;
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}
