/**
 * Java properties files, as Kafka's tools take them with --command-config.
 *
 * Rules of java.util.Properties: # and ! begin comments, =, : or blank end the key, a trailing backslash continues the
 * line, and \t \n \r \f \uXXXX are escapes.
 */

export function parseProperties(content: string): Map<string, string> {
  const result = new Map<string, string>();
  for (const line of logicalLines(content)) {
    const match = /^((?:\\.|[^\\\s=:])*)\s*[=:]?\s*([\s\S]*)$/.exec(line);
    if (match === null) continue;
    result.set(unescapeProperty(match[1] as string), unescapeProperty(match[2] as string));
  }
  return result;
}

/** Lines without comments and blanks, continuations joined. */
function logicalLines(content: string): string[] {
  const lines: string[] = [];
  let open: string | undefined;
  for (const raw of content.split(/\r\n|\r|\n/)) {
    const line = raw.trimStart();
    if (open === undefined && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const whole = (open ?? '') + line;
    let end = whole.length;
    while (end > 0 && whole[end - 1] === '\\') end--;
    const isContinued = (whole.length - end) % 2 === 1;
    open = isContinued ? whole.slice(0, -1) : undefined;
    if (!isContinued) lines.push(whole);
  }
  if (open !== undefined) lines.push(open);
  return lines;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
  ['f', '\f'],
]);

function unescapeProperty(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_whole, hex: string | undefined, plain: string | undefined) =>
    hex !== undefined ? String.fromCharCode(parseInt(hex, 16)) : (escapes.get(plain as string) ?? (plain as string)),
  );
}
