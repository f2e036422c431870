/**
 * How deep a YAML text nests, told from its characters before a parser sees it: the parser recurses, and a text of a few
 * kilobytes (`- - - - …`) would exhaust the stack and with it the process. Before `yaml-file.ts` parses.
 *
 * An estimate from above: brackets in quotes and comments count too. Configuration keys have at most nine parts.
 */

/** Maps in maps by indentation, `- ` after `- ` on one line, and brackets in brackets; each is far beyond any configuration. */
const maxLevels = 32;
const maxIndicators = 8;
const maxBrackets = 64;

const lineStart = /^( *)((?:[-?:][ \t]+)*)/;

/** The line (from 1) that nests too deep; null when none does. */
export function tooDeepLine(text: string): number | null {
  /** Indentations of the lines that the current one is nested in. */
  const levels: number[] = [];
  let brackets = 0;
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const match = lineStart.exec(line);
    const indentation = match?.[1]?.length ?? 0;
    if (line.length > indentation) {
      while ((levels.at(-1) ?? -1) >= indentation) levels.pop();
      levels.push(indentation);
    }
    const indicators = (match?.[2] ?? '').replaceAll(/\s/g, '').length;
    brackets = deepest(line, brackets);
    if (levels.length > maxLevels || indicators > maxIndicators || brackets > maxBrackets) return index + 1;
  }
  return null;
}

/** Brackets that are open at the end of the line; more than allowed as soon as there were. */
function deepest(line: string, open: number): number {
  for (let at = 0; at < line.length && open <= maxBrackets; at++) {
    const character = line[at];
    if (character === '[' || character === '{') open++;
    else if ((character === ']' || character === '}') && open > 0) open--;
  }
  return open;
}
