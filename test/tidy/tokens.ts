/**
 * A small tokenizer of TypeScript for the style tests: knows strings, templates, comments and regular expressions, so
 * that a rule about code never reads text. It knows no grammar; functions.ts finds functions in what it gives.
 */

export type TokenKind = 'word' | 'number' | 'string' | 'template' | 'regex' | 'comment' | 'punctuator';

export interface Token {
  readonly kind: TokenKind;
  /** As written, quotes and comment marks included. Of a template, a literal part without its expressions. */
  readonly text: string;
  /** Line of the first character, from 1. */
  readonly line: number;
  /** Line of the last character. */
  readonly endLine: number;
}

/** Sticky patterns, tried in this order. `>` is always single, so that nested generics close one by one. */
const patterns: readonly (readonly [TokenKind, RegExp])[] = [
  ['comment', /\/\/[^\n]*|\/\*[^]*?\*\//y],
  ['string', /'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*"/y],
  ['word', /[#@]?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy],
  ['number', /\.?\d(?:[\w.]|(?<=[eE])[+-])*/y],
  ['punctuator', /=>|\.\.\.|\?\.(?!\d)|\?\?=?|&&=?|\|\|=?|[=!]==?|<=|>=|\*\*=?|\+\+|--|[-+*/%&|^]=|[^\s\w]/y],
];
const regexPattern = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const templatePartPattern = /(?:[^`\\$]|\\[^]|\$(?!\{))*/y;
const blankPattern = /\s+/y;
/** After these words an expression begins, so that a slash begins a regular expression. */
const operatorWords: ReadonlySet<string> = new Set(
  'return typeof instanceof in of new delete void throw case do else yield await'.split(' '),
);

/** All tokens of `source` in order, comments too. */
export function tokenize(source: string): Token[] {
  return new Tokenizer(source).run();
}

/** The value of a string token without escapes: enough for module names. */
export function stringValue(token: Token): string {
  return token.text.slice(1, -1);
}

class Tokenizer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #position: number;
  #line = 1;
  #lastCode: Token | null = null;
  /** One entry for each open template expression: how many braces are open inside it. */
  readonly #templates: number[] = [];

  constructor(source: string) {
    this.#source = source;
    this.#position = source.startsWith('#!') ? source.indexOf('\n') : 0;
  }

  run(): Token[] {
    while (this.#position < this.#source.length) this.#next();
    return this.#tokens;
  }

  #next(): void {
    const blank = this.#match(blankPattern);
    if (blank !== null) {
      this.#advance(blank);
      return;
    }
    const character = this.#source[this.#position];
    if (character === '`') {
      this.#push('punctuator', '`');
      this.#templatePart();
      return;
    }
    const regex = character === '/' && this.#isOperandExpected() ? this.#regex() : null;
    if (regex !== null) {
      this.#push('regex', regex);
      return;
    }
    this.#plainToken();
  }

  #plainToken(): void {
    for (const [kind, pattern] of patterns) {
      const text = this.#match(pattern);
      if (text === null || text === '') continue;
      this.#push(kind, text);
      if (kind === 'punctuator') this.#onBrace(text);
      return;
    }
    // A quote that nothing closes, in a file that does not compile: go on behind it.
    this.#push('punctuator', this.#source[this.#position] ?? '');
  }

  #onBrace(text: string): void {
    const open = this.#templates.at(-1);
    if (open === undefined) return;
    const top = this.#templates.length - 1;
    if (text === '{') this.#templates[top] = open + 1;
    if (text !== '}') return;
    this.#templates[top] = open - 1;
    if (open > 0) return;
    this.#templates.pop();
    this.#templatePart();
  }

  /** The literal text up to the next expression or the end of the template. */
  #templatePart(): void {
    const text = this.#match(templatePartPattern) ?? '';
    if (text !== '') this.#push('template', text);
    if (this.#source.startsWith('${', this.#position)) {
      this.#push('punctuator', '${');
      this.#templates.push(0);
    } else if (this.#position < this.#source.length) {
      this.#push('punctuator', '`');
    }
  }

  #regex(): string | null {
    const next = this.#source[this.#position + 1];
    return next === '/' || next === '*' ? null : this.#match(regexPattern);
  }

  #isOperandExpected(): boolean {
    const last = this.#lastCode;
    if (last === null) return true;
    if (last.kind === 'punctuator') return ![')', ']', '}', '`'].includes(last.text);
    return last.kind === 'word' && operatorWords.has(last.text);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#position;
    return pattern.exec(this.#source)?.[0] ?? null;
  }

  #push(kind: TokenKind, text: string): void {
    const line = this.#line;
    this.#advance(text);
    const token: Token = { kind, text, line, endLine: this.#line };
    this.#tokens.push(token);
    if (kind !== 'comment') this.#lastCode = token;
  }

  #advance(text: string): void {
    this.#position += text.length;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#line += 1;
  }
}
