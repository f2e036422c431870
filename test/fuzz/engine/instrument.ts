/**
 * Puts probes into compiled JavaScript: one where each branch begins, so that a branch which runs leaves a mark in an array.
 *
 * A branch is the body of a function, of `if`, `else`, a loop, `case`, `try` and `catch`; the way past an `if` that has no
 * `else`; the right side of `&&`, `||` and `??`; either side of `?:`. A mark is one increment, so executions stay as quick as
 * without probes nearly, and whether one reached something new is known right after it (`coverage.ts`).
 *
 * Nothing is put on a line of its own: places in stacks stay right.
 */
import { tokensOf, type Token, type Tokens } from './tokens.ts';

/** The global variable that holds the marks. */
export const marksName = '$marks';

interface Insertion {
  readonly at: number;
  readonly text: string;
  /** What ends comes before what begins; of two that end in one place the one that began later. */
  readonly order: number;
}

/** The code with probes from number `first` on, and how many it got. */
export function instrument(code: string, first: number): { readonly code: string; readonly probes: number } {
  const probing = new Probing(tokensOf(code), first);
  probing.visitAll();
  const insertions = probing.insertions.toSorted((a, b) => a.at - b.at || a.order - b.order);
  const pieces: string[] = [];
  let at = 0;
  for (const insertion of insertions) {
    pieces.push(code.slice(at, insertion.at), insertion.text);
    ({ at } = insertion);
  }
  pieces.push(code.slice(at));
  return { code: pieces.join(''), probes: probing.probes };
}

const wordsBeforeBlock = new Set(['=>', 'else', 'try', 'do', 'finally', 'catch', 'static']);
const closings = [')', ']', '}'];

class Probing {
  readonly insertions: Insertion[] = [];
  readonly #tokens: readonly Token[];
  readonly #partners: Int32Array;
  readonly #first: number;
  probes = 0;

  constructor({ tokens, partners }: Tokens, first: number) {
    this.#tokens = tokens;
    this.#partners = partners;
    this.#first = first;
  }

  visitAll(): void {
    for (let i = 0; i < this.#tokens.length; i++) {
      const before = this.#text(i - 1);
      const isName = before === '.' || before === '?.' || this.#text(i + 1) === ':';
      switch (this.#text(i)) {
        case '{':
          this.#visitBrace(i);
          break;
        case 'if':
        case 'while':
        case 'for':
          if (!isName) this.#visitHeader(i);
          break;
        case 'else':
          if (!isName && this.#text(i + 1) !== 'if') this.#wrapStatement(i + 1);
          break;
        case '&&':
        case '||':
        case '??':
          this.#wrapExpression(i + 1, this.#operandEnd(i));
          break;
        case '?':
          this.#visitConditional(i);
          break;
      }
    }
  }

  /** Blocks get a probe, and so do the cases of a switch; objects and classes are left alone. */
  #visitBrace(i: number): void {
    const before = this.#text(i - 1);
    const isBehindParenthesis = before === ')';
    const header = isBehindParenthesis ? this.#text((this.#partners[i - 1] as number) - 1) : '';
    if (header === 'switch') this.#visitCases(i);
    else if (isBehindParenthesis || wordsBeforeBlock.has(before)) this.#insertProbe(this.#end(i));
  }

  #visitCases(open: number): void {
    const close = this.#partners[open] as number;
    for (let i = open + 1; i < close; i = this.#next(i)) {
      const text = this.#text(i);
      const isCase = (text === 'case' || text === 'default') && [';', '{', '}', ':'].includes(this.#text(i - 1));
      if (!isCase) continue;
      const colon = this.#colonAfter(i);
      this.#insertProbe(this.#end(colon));
    }
  }

  /** A body without braces gets some; an `if` without `else` gets one. */
  #visitHeader(i: number): void {
    const open = this.#text(i + 1) === 'await' ? i + 2 : i + 1;
    if (this.#text(open) !== '(') return;
    const body = (this.#partners[open] as number) + 1;
    this.#wrapStatement(body);
    if (this.#text(i) !== 'if') return;
    const end = this.#statementEnd(body);
    if (this.#text(end + 1) !== 'else') this.#insert(this.#end(end), ` else ${this.#probe()};`, -(i * 2 + 1));
  }

  #visitConditional(i: number): void {
    const colon = this.#colonAfter(i);
    this.#wrapExpression(i + 1, colon - 1);
    let nested = 0;
    let end = colon + 1;
    for (; end < this.#tokens.length; end = this.#next(end)) {
      const text = this.#text(end);
      if (text === ',' || text === ';' || closings.includes(text)) break;
      if (text === '?') nested++;
      if (text === ':' && nested-- === 0) break;
    }
    this.#wrapExpression(colon + 1, end - 1);
  }

  /** The colon that belongs to the `?`, `case` or `default` at `i`. */
  #colonAfter(i: number): number {
    let nested = 0;
    for (let at = i + 1; at < this.#tokens.length; at = this.#next(at)) {
      const text = this.#text(at);
      if (text === '?') nested++;
      if (text === ':' && nested-- === 0) return at;
    }
    throw new SyntaxError(`no colon behind character ${this.#end(i)}`);
  }

  /** The last token of the right side of the operator at `i`. */
  #operandEnd(i: number): number {
    const stops = ['||', '??', '?', ':', ',', ';', ...closings];
    if (this.#text(i) === '&&') stops.push('&&');
    let at = i + 1;
    while (at < this.#tokens.length && !stops.includes(this.#text(at))) at = this.#next(at);
    return at - 1;
  }

  #statementEnd(i: number): number {
    const text = this.#text(i);
    if (text === '{') return this.#partners[i] as number;
    if (text === 'do') return this.#statementEnd(this.#statementEnd(i + 1) + 1);
    if (text === 'try') return this.#tryEnd(i);
    if (text === 'if' || text === 'for' || text === 'while' || text === 'switch') {
      const open = this.#text(i + 1) === 'await' ? i + 2 : i + 1;
      const body = (this.#partners[open] as number) + 1;
      if (text === 'while' && this.#text(body) === ';') return body;
      const end = this.#statementEnd(body);
      return text === 'if' && this.#text(end + 1) === 'else' ? this.#statementEnd(end + 2) : end;
    }
    let at = i;
    while (at < this.#tokens.length && this.#text(at) !== ';') at = this.#next(at);
    return at;
  }

  #tryEnd(i: number): number {
    let end = this.#partners[i + 1] as number;
    while (['catch', 'finally'].includes(this.#text(end + 1))) {
      const brace = this.#text(end + 2) === '(' ? (this.#partners[end + 2] as number) + 1 : end + 2;
      end = this.#partners[brace] as number;
    }
    return end;
  }

  #wrapStatement(i: number): void {
    if (this.#text(i) === '{' || this.#text(i) === ';') return;
    this.#insert(this.#start(i), `{${this.#probe()};`, 1);
    this.#insert(this.#end(this.#statementEnd(i)), '}', -(i * 2));
  }

  #wrapExpression(from: number, to: number): void {
    this.#insert(this.#start(from), `(${this.#probe()},`, 2);
    this.#insert(this.#end(to), ')', -(from * 2));
  }

  #insertProbe(at: number): void {
    this.#insert(at, `${this.#probe()};`, 1);
  }

  #insert(at: number, text: string, order: number): void {
    this.insertions.push({ at, text, order });
  }

  #probe(): string {
    return `${marksName}[${this.#first + this.probes++}]++`;
  }

  /** The token behind this one, or behind the bracket that closes it. */
  #next(i: number): number {
    const partner = this.#partners[i] as number;
    return partner > i ? partner + 1 : i + 1;
  }

  #text(i: number): string {
    return this.#tokens[i]?.text ?? '';
  }

  #start(i: number): number {
    return this.#tokens[i]?.start ?? 0;
  }

  #end(i: number): number {
    return this.#tokens[i]?.end ?? 0;
  }
}
