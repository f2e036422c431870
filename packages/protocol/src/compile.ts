/**
 * Turns (table, version) into the JavaScript of a reader and a writer, one function per struct and array.
 *
 * The text reads as a patient person would write it: runs of fixed-size fields cost one bounds check, every struct is one
 * object literal with all its fields in table order (so all versions of a message share hidden classes), and defaults are
 * constants. Measured at the speed of hand-written codecs. Names in the text come from our own tables, never from a peer.
 * `codec.ts` compiles on first use; `interpret.ts` does the same slowly and is what this is tested against.
 */
import type { PlannedField, WireVersion } from './plan.ts';
import { defaultOf, fixedBytes, minimalBytes, planStruct, wireVersion } from './plan.ts';
import type { MessageSchema, ScalarKind, Shape, StructShape } from './schema.ts';

/** The functions of one codec, in the order in which they are emitted: callees first. */
interface Unit {
  readonly wire: WireVersion;
  readonly functions: string[];
}

/** Body of a function of `(uuidFromBytes, noBytes)` that returns `(reader) => body`. */
export function readerSource(schema: MessageSchema, version: number): string {
  const unit: Unit = { wire: wireVersion(schema, version), functions: [] };
  const entry = emitStructReader(unit, schema.shape, 'body');
  return finish(unit, entry, `${schema.name}.v${version}.read`);
}

/** Body of a function that returns `(writer, draft) => void`. */
export function writerSource(schema: MessageSchema, version: number): string {
  const unit: Unit = { wire: wireVersion(schema, version), functions: [] };
  const entry = emitStructWriter(unit, schema.shape, 'body');
  return finish(unit, entry, `${schema.name}.v${version}.write`);
}

function finish(unit: Unit, entry: string, name: string): string {
  return [`'use strict';`, ...unit.functions, `return ${entry};`, `//# sourceURL=kafka/${name}`].join('\n');
}

function emit(unit: Unit, name: string, parameters: string, lines: readonly string[]): string {
  unit.functions.push(`function ${name}(${parameters}) {\n${lines.map((line) => `  ${line}`).join('\n')}\n}`);
  return name;
}

/** A default as source text; arrays and structs are fresh at every evaluation. */
function defaultText(field: Pick<PlannedField, 'shape' | 'defaultValue'>): string {
  const { shape, defaultValue } = field;
  if (defaultValue === undefined && shape.kind === 'bytes') return 'noBytes';
  if (defaultValue === undefined && shape.kind === 'struct') {
    return `{ ${shape.fields.map(([name, inner]) => `${name}: ${defaultText(inner)}`).join(', ')} }`;
  }
  return JSON.stringify(defaultOf(field));
}

// Reading.

const readScalar: Readonly<Record<ScalarKind, (at: string) => string>> = {
  int8: (at) => `v.getInt8(${at})`,
  int16: (at) => `v.getInt16(${at})`,
  int32: (at) => `v.getInt32(${at})`,
  int64: (at) => `v.getInt32(${at}) * 4294967296 + v.getUint32(${at} + 4)`,
  uint16: (at) => `v.getUint16(${at})`,
  uint32: (at) => `v.getUint32(${at})`,
  float64: (at) => `v.getFloat64(${at})`,
  boolean: (at) => `v.getInt8(${at}) !== 0`,
  uuid: (at) => `uuidFromBytes(r.bytes, ${at})`,
};

function emitStructReader(unit: Unit, shape: StructShape, path: string): string {
  const { all, inPlace, tagged } = planStruct(shape, unit.wire);
  const lines = ['const v = r.view;'];
  for (let i = 0; i < inPlace.length;) {
    const run = fixedRun(inPlace, i);
    if (run.length > 0) {
      lines.push(...readRun(run, `p${i}`));
      i += run.length;
      continue;
    }
    const field = inPlace[i] as PlannedField;
    lines.push(`const $${field.name} = ${readExpression(unit, field, `${path}_${field.name}`)};`);
    i++;
  }
  if (unit.wire.flexible) lines.push(...readTags(unit, tagged, path));
  const read = new Set([...inPlace, ...tagged]);
  const members = all.map((field) => `${field.name}: ${read.has(field) ? `$${field.name}` : defaultText(field)}`);
  lines.push(`return { ${members.join(', ')} };`);
  return emit(unit, path, 'r', lines);
}

/** The fields of fixed size from `start` on, up to the first of another kind. */
function fixedRun(fields: readonly PlannedField[], start: number): PlannedField[] {
  let end = start;
  while (end < fields.length && fixedBytes((fields[end] as PlannedField).shape) !== null) end++;
  return fields.slice(start, end);
}

function runBytes(run: readonly PlannedField[]): number {
  return run.reduce((sum, { shape }) => sum + (fixedBytes(shape) ?? 0), 0);
}

function readRun(run: readonly PlannedField[], position: string): string[] {
  const lines = [`const ${position} = r.take(${runBytes(run)});`];
  let offset = 0;
  for (const { name, shape } of run) {
    lines.push(`const $${name} = ${readScalar[shape.kind as ScalarKind](`${position} + ${offset}`)};`);
    offset += fixedBytes(shape) ?? 0;
  }
  return lines;
}

function readTags(unit: Unit, tagged: readonly PlannedField[], path: string): string[] {
  if (tagged.length === 0) return ['r.skipTags();'];
  const cases = tagged.map((field) => {
    const value = readExpression(unit, field, `${path}_${field.name}`);
    return `    case ${field.tag}: $${field.name} = ${value}; r.expectPosition(end); break;`;
  });
  return [
    ...tagged.map((field) => `let $${field.name} = ${defaultText(field)};`),
    'for (let left = r.tagCount(), tag = -1; left > 0; left--) {',
    '  tag = r.tag(tag);',
    '  const end = r.tagEnd();',
    '  switch (tag) {',
    ...cases,
    '    default: r.position = end;',
    '  }',
    '}',
  ];
}

function readExpression(unit: Unit, field: PlannedField, path: string): string {
  const { shape, nullable } = field;
  switch (shape.kind) {
    case 'string':
      return `r.${methodName(unit, nullable, 'string')}()`;
    case 'bytes':
    case 'records':
      return `r.${methodName(unit, nullable, 'byteString')}()`;
    case 'array':
      return `${emitArrayReader(unit, field, path)}(r)`;
    case 'struct': {
      const call = `${emitStructReader(unit, shape, path)}(r)`;
      if (!nullable) return call;
      return `${field.tag === null ? 'r.isPresent()' : 'r.unsignedVarint() !== 0'} ? ${call} : null`;
    }
    default:
      return `r.${shape.kind}()`;
  }
}

/** `string`, `nullableString`, `compactString` or `compactNullableString`; likewise for byte strings and counts. */
function methodName({ wire }: Unit, nullable: boolean, base: string): string {
  const words = [wire.flexible ? 'compact' : '', nullable ? 'nullable' : '', base].filter((word) => word !== '');
  return words.map((word, i) => (i === 0 ? word : (word[0] ?? '').toUpperCase() + word.slice(1))).join('');
}

function emitArrayReader(unit: Unit, field: PlannedField, path: string): string {
  const element = elementOf(field);
  const size = fixedBytes(element.shape);
  const lines = [`const n = r.${methodName(unit, field.nullable, 'count')}(${minimalBytes(element.shape, unit.wire)});`];
  if (field.nullable) lines.push('if (n === -1) return null;');
  lines.push('const elements = new Array(n);');
  if (size === null) {
    lines.push(`for (let i = 0; i < n; i++) elements[i] = ${readExpression(unit, element, `${path}_element`)};`);
  } else {
    lines.push('const v = r.view;', `let p = r.take(n * ${size});`);
    lines.push(`for (let i = 0; i < n; i++, p += ${size}) elements[i] = ${readScalar[element.shape.kind as ScalarKind]('p')};`);
  }
  lines.push('return elements;');
  return emit(unit, `${path}_list`, 'r', lines);
}

/** The elements of an array, which are never null, as if they were a field. */
function elementOf({ shape }: PlannedField): PlannedField {
  const element: Shape = shape.kind === 'array' ? shape.element : shape;
  return { name: 'element', shape: element, nullable: false, tag: null, defaultValue: undefined, optional: false };
}

// Writing.

const writeScalar: Readonly<Record<ScalarKind, (at: string, value: string) => string>> = {
  int8: (at, value) => `v.setInt8(${at}, ${value});`,
  int16: (at, value) => `v.setInt16(${at}, ${value});`,
  int32: (at, value) => `v.setInt32(${at}, ${value});`,
  int64: (at, value) => `w.setInt64(${at}, ${value});`,
  uint16: (at, value) => `v.setUint16(${at}, ${value});`,
  uint32: (at, value) => `v.setUint32(${at}, ${value});`,
  float64: (at, value) => `v.setFloat64(${at}, ${value});`,
  boolean: (at, value) => `v.setInt8(${at}, ${value} ? 1 : 0);`,
  uuid: (at, value) => `w.setUuid(${at}, ${value});`,
};

function emitStructWriter(unit: Unit, shape: StructShape, path: string): string {
  const { inPlace, tagged } = planStruct(shape, unit.wire);
  const lines = [...inPlace, ...tagged].map(valueOfDraft);
  for (let i = 0; i < inPlace.length;) {
    const run = fixedRun(inPlace, i);
    if (run.length > 0) {
      lines.push(...writeRun(run));
      i += run.length;
      continue;
    }
    const field = inPlace[i] as PlannedField;
    lines.push(writeStatement(unit, field, { value: `$${field.name}`, path: `${path}_${field.name}` }));
    i++;
  }
  if (unit.wire.flexible) lines.push(...writeTags(unit, tagged, path));
  return emit(unit, path, 'w, draft', lines);
}

/** A tagged field that is left out stays undefined: it is not written at all. */
function valueOfDraft(field: PlannedField): string {
  const { name } = field;
  if (!field.optional || field.tag !== null) return `const $${name} = draft.${name};`;
  return `const $${name} = draft.${name} === undefined ? ${defaultText(field)} : draft.${name};`;
}

function writeRun(run: readonly PlannedField[]): string[] {
  const lines = ['{', `  const p = w.reserve(${runBytes(run)}), v = w.view;`];
  let offset = 0;
  for (const { name, shape } of run) {
    lines.push(`  ${writeScalar[shape.kind as ScalarKind](`p + ${offset}`, `$${name}`)}`);
    offset += fixedBytes(shape) ?? 0;
  }
  return [...lines, '}'];
}

function writeTags(unit: Unit, tagged: readonly PlannedField[], path: string): string[] {
  if (tagged.length === 0) return ['w.unsignedVarint(0);'];
  const lines = ['let tags = 0;'];
  for (const field of tagged) {
    lines.push(`const has_${field.name} = ${differsFromDefault(field, `$${field.name}`)};`);
    lines.push(`if (has_${field.name}) tags++;`);
  }
  lines.push('w.unsignedVarint(tags);');
  for (const field of tagged) {
    const statement = writeStatement(unit, field, { value: `$${field.name}`, path: `${path}_${field.name}` });
    lines.push(`if (has_${field.name}) { const start = w.beginTag(${field.tag}); ${statement} w.endTag(start); }`);
  }
  return lines;
}

/** An expression that says whether a tagged value must be written. A struct is compared field by field, as Kafka does. */
function differsFromDefault({ shape, defaultValue }: Pick<PlannedField, 'shape' | 'defaultValue'>, value: string): string {
  const given = `${value} !== undefined`;
  if (defaultValue !== undefined) return `${given} && ${value} !== ${JSON.stringify(defaultValue)}`;
  switch (shape.kind) {
    case 'array':
    case 'bytes':
    case 'records':
      return `${given} && (${value} === null || ${value}.length !== 0)`;
    case 'struct': {
      const parts = shape.fields.map(([name, field]) => `(${differsFromDefault(field, `${value}.${name}`)})`);
      return `${given} && (${value} === null || ${parts.join(' || ')})`;
    }
    default:
      return `${given} && ${value} !== ${defaultText({ shape, defaultValue })}`;
  }
}

interface Operand {
  /** Expression of the value, side-effect free. */
  readonly value: string;
  /** Name for the functions that its writing needs. */
  readonly path: string;
}

function writeStatement(unit: Unit, field: PlannedField, { value, path }: Operand): string {
  const { shape, nullable } = field;
  switch (shape.kind) {
    case 'string':
      return `w.${methodName(unit, nullable, 'string')}(${value});`;
    case 'bytes':
    case 'records':
      return `w.${methodName(unit, nullable, 'byteString')}(${value});`;
    case 'array':
      return `${emitArrayWriter(unit, field, path)}(w, ${value});`;
    case 'struct': {
      const call = `${emitStructWriter(unit, shape, path)}(w, ${value});`;
      if (!nullable) return call;
      const [absent, present] = field.tag === null ? ['w.int8(-1);', 'w.int8(1);'] : ['w.int8(0);', 'w.int8(1);'];
      return `if (${value} === null) { ${absent} } else { ${present} ${call} }`;
    }
    default:
      return `w.${shape.kind}(${value});`;
  }
}

function emitArrayWriter(unit: Unit, field: PlannedField, path: string): string {
  const element = elementOf(field);
  const size = fixedBytes(element.shape);
  const lines = [`const n = w.${methodName(unit, field.nullable, 'count')}(elements);`];
  if (size === null) {
    const statement = writeStatement(unit, element, { value: 'elements[i]', path: `${path}_element` });
    lines.push(`for (let i = 0; i < n; i++) { ${statement} }`);
  } else {
    lines.push('if (n <= 0) return;', `let p = w.reserve(n * ${size});`, 'const v = w.view;');
    const statement = writeScalar[element.shape.kind as ScalarKind]('p', 'elements[i]');
    lines.push(`for (let i = 0; i < n; i++, p += ${size}) { ${statement} }`);
  }
  return emit(unit, `${path}_list`, 'w, elements', lines);
}
