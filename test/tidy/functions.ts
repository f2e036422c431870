/**
 * Finds the functions of a file in its tokens: declarations, methods, arrows; with their length and how many
 * parameters they take. A heuristic, not a parser: it relies on code that compiles and is formatted by oxfmt.
 */
import type { Token } from './tokens.ts';

export interface FunctionShape {
  /** The name, or `(anonymous)`. */
  readonly name: string;
  readonly line: number;
  /** Lines from the head to the closing brace; 0 for an arrow whose body is an expression, and for a type. */
  readonly lines: number;
  /** Positional ones: a last one that is an options object, or the rest of an argument list, is not counted. */
  readonly parameters: number;
  /** An arrow in an argument list: who calls it says what it takes. */
  readonly isCallback: boolean;
  /** The call that a callback is an argument of, such as `describe`; empty otherwise. */
  readonly argumentOf: string;
}

const controlWords: ReadonlySet<string> = new Set('if for while switch catch with await return typeof new'.split(' '));
const opening: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
  ['${', '}'],
]);
/** After one of these a `{` opens an object type; after anything else it opens a body. */
const typeContinues: ReadonlySet<string> = new Set(': | & < , ( [ => ? is extends keyof readonly asserts'.split(' '));

/** `tokens` without comments. */
export function functionsOf(tokens: readonly Token[]): FunctionShape[] {
  const partners = matchBrackets(tokens);
  const functions: FunctionShape[] = [];
  for (const [open, close] of partners) {
    if (textAt(tokens, open) !== '(') continue;
    const shape = shapeOf(tokens, { open, close, partners });
    if (shape !== null) functions.push(shape);
  }
  return functions;
}

interface Parentheses {
  readonly open: number;
  readonly close: number;
  readonly partners: ReadonlyMap<number, number>;
}

/** The function whose parameters are in these parentheses; null when they are of a call, a condition or a group. */
function shapeOf(tokens: readonly Token[], parentheses: Parentheses): FunctionShape | null {
  const { open, close, partners } = parentheses;
  const name = nameBefore(tokens, open);
  if (controlWords.has(name)) return null;
  const afterType = textAt(tokens, close + 1) === ':' ? skipType(tokens, close + 2, partners) : close + 1;
  if (afterType === null) return null;
  const isArrow = textAt(tokens, afterType) === '=>';
  const bodyAt = isArrow ? afterType + 1 : afterType;
  const hasBody = textAt(tokens, bodyAt) === '{';
  if (!isArrow && !hasBody) return null;
  const first = tokens[open];
  const last = tokens[(hasBody ? partners.get(bodyAt) : undefined) ?? open];
  if (first === undefined || last === undefined) return null;
  return {
    name: name === '' || isArrow ? '(anonymous)' : name,
    line: first.line,
    lines: hasBody ? last.line - first.line + 1 : 0,
    parameters: countParameters(tokens, parentheses),
    isCallback: isArrow && ['(', ','].includes(textAt(tokens, isAsync(tokens, open) ? open - 2 : open - 1)),
    argumentOf: isArrow ? calleeOf(tokens, open) : '',
  };
}

function textAt(tokens: readonly Token[], index: number): string {
  return tokens[index]?.text ?? '';
}

/** The word before the parentheses, behind type parameters if there are any. */
function nameBefore(tokens: readonly Token[], open: number): string {
  let at = open - 1;
  if (textAt(tokens, at) === '>') {
    for (let depth = 0; at >= 0; at -= 1) {
      if (textAt(tokens, at) === '>') depth += 1;
      if (textAt(tokens, at) === '<') depth -= 1;
      if (depth === 0) break;
    }
    at -= 1;
  }
  const token = tokens[at];
  return token?.kind === 'word' ? token.text : '';
}

/** For `name('a sentence', async () => …`: `name`. */
function calleeOf(tokens: readonly Token[], open: number): string {
  const before = isAsync(tokens, open) ? open - 2 : open - 1;
  if (textAt(tokens, before) !== ',' || tokens[before - 1]?.kind !== 'string') return '';
  return textAt(tokens, before - 2) === '(' ? textAt(tokens, before - 3) : '';
}

function isAsync(tokens: readonly Token[], open: number): boolean {
  return textAt(tokens, open - 1) === 'async';
}

/** Index of the token behind a return type: `{` of a body or `=>` of an arrow. null when this is no return type. */
function skipType(tokens: readonly Token[], start: number, partners: ReadonlyMap<number, number>): number | null {
  let depth = 0;
  for (let at = start; at < tokens.length; at += 1) {
    const text = textAt(tokens, at);
    const previous = textAt(tokens, at - 1);
    if (depth === 0 && text === '{' && !typeContinues.has(previous)) return at;
    if (depth === 0 && text === '=>' && !isFunctionType(tokens, { at, start, partners })) return at;
    if (text === '<') depth += 1;
    else if (text === '>') depth -= 1;
    else if (opening.has(text)) at = partners.get(at) ?? tokens.length;
    else if ([';', ')', ']', '}', '='].includes(text) || (text === ',' && depth === 0)) return null;
    if (depth < 0) return null;
  }
  return null;
}

interface ArrowPlace {
  readonly at: number;
  readonly start: number;
  readonly partners: ReadonlyMap<number, number>;
}

/** In `(a): (b) => c => …` the first arrow belongs to the return type: parentheses that begin it. */
function isFunctionType(tokens: readonly Token[], { at, start, partners }: ArrowPlace): boolean {
  return textAt(tokens, start) === '(' && partners.get(start) === at - 1;
}

function countParameters(tokens: readonly Token[], { open, close, partners }: Parentheses): number {
  if (close === open + 1) return 0;
  let count = 1;
  let depth = 0;
  let lastStart = open + 1;
  for (let at = open + 1; at < close; at += 1) {
    const text = textAt(tokens, at);
    if (text === '<') depth += 1;
    else if (text === '>') depth -= 1;
    else if (opening.has(text)) at = partners.get(at) ?? close;
    else if (text === ',' && depth === 0 && at !== close - 1) {
      count += 1;
      lastStart = at + 1;
    }
  }
  return ['options', '{', '...'].includes(textAt(tokens, lastStart)) ? count - 1 : count;
}

/** Opening bracket → closing bracket, by index. */
function matchBrackets(tokens: readonly Token[]): Map<number, number> {
  const partners = new Map<number, number>();
  const open: number[] = [];
  for (const [index, { kind, text }] of tokens.entries()) {
    if (kind !== 'punctuator') continue;
    if (opening.has(text)) open.push(index);
    if (![')', ']', '}'].includes(text)) continue;
    const start = open.pop();
    if (start !== undefined) partners.set(start, index);
  }
  return partners;
}
