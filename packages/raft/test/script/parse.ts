/**
 * The text of a script: blocks of commands, `----`, the expected output, an empty line. `#` begins a comment.
 */

export interface Command {
  readonly name: string;
  /** Words without `=`. */
  readonly words: readonly string[];
  /** Words of the form key=value; `(1,2)` becomes "1,2". */
  readonly options: ReadonlyMap<string, string>;
}

export interface Block {
  /** The comment and command lines as they stand. */
  readonly source: readonly string[];
  readonly commands: readonly Command[];
  readonly expected: string;
}

export function parseScript(text: string): Block[] {
  const blocks: Block[] = [];
  let source: string[] = [];
  let expected: string[] | null = null;
  const finish = (): void => {
    if (expected !== null) {
      const commands = source.filter((line) => line !== '' && !line.startsWith('#')).map(parseCommand);
      blocks.push({ source, commands, expected: expected.join('\n') });
    }
    source = [];
    expected = null;
  };
  for (const line of text.split('\n')) {
    if (expected === null) {
      if (line === '----') expected = [];
      else if (line !== '' || source.length > 0) source.push(line);
    } else if (line === '') {
      finish();
    } else {
      expected.push(line);
    }
  }
  finish();
  return blocks;
}

export function renderScript(blocks: readonly { source: readonly string[]; output: string }[]): string {
  return blocks.map((block) => `${block.source.join('\n')}\n----\n${block.output}\n`).join('\n');
}

function parseCommand(line: string): Command {
  const [name = '', ...rest] = line.trim().split(/\s+/);
  const options = new Map<string, string>();
  const words: string[] = [];
  for (const word of rest) {
    const separator = word.indexOf('=');
    if (separator < 0) words.push(word);
    else options.set(word.slice(0, separator), word.slice(separator + 1).replace(/^\((.*)\)$/, '$1'));
  }
  return { name, words, options };
}
