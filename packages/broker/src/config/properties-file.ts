/**
 * Reads `server.properties`: the format of java.util.Properties, with its continuation lines, escapes and three kinds
 * of separators, so that a file which starts Kafka is read the same here. First step of the loader for such files.
 */

export interface PropertyEntry {
  readonly name: string;
  readonly value: string;
  /** 1-based line on which the entry starts. */
  readonly line: number;
}

export type ParsedFile =
  | { readonly ok: true; readonly entries: PropertyEntry[] }
  | { readonly ok: false; readonly error: string };

export function parsePropertiesFile(text: string): ParsedFile {
  const entries: PropertyEntry[] = [];
  for (const { content, line } of logicalLines(text)) {
    const { name, value } = splitEntry(content);
    const unescapedName = unescape(name);
    const unescapedValue = unescape(value);
    if (unescapedName === null || unescapedValue === null) {
      return { ok: false, error: `line ${line}: \\u must be followed by four hexadecimal digits` };
    }
    entries.push({ name: unescapedName, value: unescapedValue, line });
  }
  return { ok: true, entries };
}

/** Joins lines that end in an odd number of backslashes; drops comments and blank lines. */
function* logicalLines(text: string): Generator<{ content: string; line: number }> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  let content: string | null = null;
  let start = 0;
  for (const [index, raw] of lines.entries()) {
    const line = raw.replace(/^[ \t\f]+/, '');
    // A comment sign counts only at the beginning of a logical line.
    if (content === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    if (content === null) start = index + 1;
    let end = line.length;
    while (end > 0 && line[end - 1] === '\\') end--;
    const continues = (line.length - end) % 2 === 1;
    content = (content ?? '') + (continues ? line.slice(0, -1) : line);
    if (continues) continue;
    yield { content, line: start };
    content = null;
  }
  if (content !== null) yield { content, line: start };
}

/** The name ends at the first unescaped `=`, `:` or white space; one `=` or `:` and the space around it go. */
function splitEntry(content: string): { name: string; value: string } {
  let end = 0;
  while (end < content.length && !/[=: \t\f]/.test(content[end] ?? '')) end += content[end] === '\\' ? 2 : 1;
  const name = content.slice(0, end);
  const value = content.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
  return { name, value };
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
  ['f', '\f'],
]);

function unescape(text: string): string | null {
  if (/\\u(?![0-9a-fA-F]{4})/.test(text.replaceAll('\\\\', ''))) return null;
  return text.replace(/\\(u[0-9a-fA-F]{4}|[^])/g, (_, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return escapes.get(escaped) ?? escaped;
  });
}
