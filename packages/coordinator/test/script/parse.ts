/**
 * Golden scripts in the manner of etcd's testdata: a command, a line of dashes, what it is expected to print, a blank line.
 */

export interface Step {
  /** Comments and blank lines before the command, kept when the file is rewritten. */
  readonly preamble: string;
  readonly commands: readonly string[];
  readonly expected: string;
}

const separator = '----';

export function parseScript(source: string): Step[] {
  const steps: Step[] = [];
  const lines = source.split('\n');
  let at = 0;
  while (at < lines.length) {
    const preamble: string[] = [];
    for (; at < lines.length && (lines[at] === '' || lines[at]?.startsWith('#')); at++) preamble.push(lines[at] ?? '');
    const commands: string[] = [];
    for (; at < lines.length && lines[at] !== separator && lines[at] !== ''; at++) commands.push(lines[at] ?? '');
    if (commands.length === 0) break;
    const expected: string[] = [];
    if (lines[at] === separator) for (at++; at < lines.length && lines[at] !== ''; at++) expected.push(lines[at] ?? '');
    steps.push({ preamble: preamble.filter((line) => line !== '').join('\n'), commands, expected: expected.join('\n') });
  }
  return steps;
}

export function printScript(steps: readonly Step[]): string {
  const blocks = steps.map(({ preamble, commands, expected }) => {
    const head = preamble === '' ? [] : [preamble];
    return [...head, ...commands, separator, ...(expected === '' ? [] : [expected])].join('\n');
  });
  return `${blocks.join('\n\n')}\n`;
}

export interface Command {
  readonly verb: string;
  /** Words without '='. */
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

export function parseCommand(line: string): Command {
  const [verb = '', ...rest] = line.split(/\s+/);
  const options = new Map<string, string>();
  const words: string[] = [];
  for (const word of rest) {
    const equals = word.indexOf('=');
    if (equals < 0) words.push(word);
    else options.set(word.slice(0, equals), word.slice(equals + 1));
  }
  return { verb, words, options };
}
