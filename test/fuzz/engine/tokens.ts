/**
 * Compiled JavaScript as tokens with their partners, as far as `instrument.ts` has to understand it: what is a string, a
 * template, a regular expression or a comment is no code, and every bracket knows the one that closes it.
 *
 * It reads what the TypeScript compiler writes, semicolons and all; not whatever a person may write.
 */

export interface Token {
  readonly start: number;
  readonly end: number;
  /** Of a word or punctuator; of other tokens one character that tells their kind: `0`, `"`, `` ` ``, `/r`. */
  readonly text: string;
}

export interface Tokens {
  readonly tokens: readonly Token[];
  /** For an opening bracket the index of its closing one, and the other way round; −1 for the rest. */
  readonly partners: Int32Array;
}

const spaceOrComment = /(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)+/y;
const word = /[#\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const number = /\.?\d[\w.]*/y;
const string = /"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'/y;
const expression = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const templateChunk = /(?:[^`\\$]|\\[^]|\$(?!\{))*/y;
const punctuator = /=>|\.\.\.|\?\.(?!\d)|&&=|\|\|=|\?\?=|&&|\|\||\?\?|[^]/y;
/** Behind these words a slash begins a regular expression, not a division. */
const wordsBeforeExpression = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'delete',
  'void',
  'throw',
  'new',
  'else',
  'await',
  'yield',
]);

export function tokensOf(code: string): Tokens {
  const tokens: Token[] = [];
  /** Indexes of brackets that are open. */
  const open: number[] = [];
  const pairs: (readonly [number, number])[] = [];
  const match = (pattern: RegExp, at: number): number => {
    pattern.lastIndex = at;
    return pattern.test(code) ? pattern.lastIndex : -1;
  };
  const add = (start: number, end: number, text: string): number => {
    tokens.push({ start, end, text });
    return end;
  };
  /** From behind the backtick or the closing brace to the template's end or its next opening brace. */
  const template = (start: number): number => {
    const chunkEnd = match(templateChunk, start);
    if (code[chunkEnd] === '`') {
      const end = add(chunkEnd, chunkEnd + 1, '`');
      pairs.push([open.pop() ?? -1, tokens.length - 1]);
      return end;
    }
    const end = add(chunkEnd, chunkEnd + 2, '${');
    open.push(tokens.length - 1);
    return end;
  };
  const bracket = (at: number, text: string): number => {
    const end = add(at, at + text.length, text);
    if (text === '(' || text === '[' || text === '{') open.push(tokens.length - 1);
    if (text !== ')' && text !== ']' && text !== '}') return end;
    const opening = open.pop();
    if (opening === undefined) throw new SyntaxError(`nothing is open at ${at}`);
    pairs.push([opening, tokens.length - 1]);
    return tokens[opening]?.text === '${' ? template(end) : end;
  };
  for (let at = 0; at < code.length;) {
    const skipped = match(spaceOrComment, at);
    if (skipped > 0) at = skipped;
    if (at >= code.length) break;
    const first = code[at] as string;
    let end: number;
    if (first === '`') {
      open.push(tokens.length);
      at = template(add(at, at + 1, '`<'));
      continue;
    }
    if ((first === '"' || first === "'") && (end = match(string, at)) > 0) at = add(at, end, '"');
    else if ((end = match(number, at)) > 0) at = add(at, end, '0');
    else if ((end = match(word, at)) > 0) at = add(at, end, code.slice(at, end));
    else if (first === '/' && isExpressionNext(tokens.at(-1)) && (end = match(expression, at)) > 0) at = add(at, end, '/r');
    else at = bracket(at, code.slice(at, match(punctuator, at)));
  }
  if (open.length > 0) throw new SyntaxError('a bracket is never closed');
  const partners = new Int32Array(tokens.length).fill(-1);
  for (const [opening, closing] of pairs) {
    partners[opening] = closing;
    partners[closing] = opening;
  }
  return { tokens, partners };
}

function isExpressionNext(last: Token | undefined): boolean {
  if (last === undefined) return true;
  if (/^[#\p{ID_Start}$_]/u.test(last.text) && last.text !== '${') return wordsBeforeExpression.has(last.text);
  return !['0', '"', '`', '/r', ')', ']', '}'].includes(last.text);
}
