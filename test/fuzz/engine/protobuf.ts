/**
 * Structure-aware mutation of protobuf messages without their definition: parsed into a tree by wire types, changed, and
 * written with the right lengths; so that lies stay where they were told.
 */
import type { Prng } from '@jackdaw/base';
import { pick } from '../../hardening/mutations.ts';
import { encode } from './fields.ts';

interface Node {
  readonly tag: number;
  /** Of wire type 0, 1 and 5, as they stand. */
  readonly raw: Uint8Array;
  /** Of wire type 2: fields when its bytes are fields, else null. */
  readonly children: Node[] | null;
}

const maxDepth = 6;
const edges = [0, 1, 2, 3, 5, 100, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 2 ** 53 - 1, 2 ** 53, 2 ** 62];
const longVarints = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
];

/** One change of one field; null when the bytes are no message. */
export function mutateProtobuf(bytes: Uint8Array, prng: Prng, other: Uint8Array): Uint8Array | null {
  const root = parse(bytes, 0);
  if (root === null || root.length === 0) return null;
  const lists: Node[][] = [];
  collect(root, lists);
  const list = pick(lists, prng);
  const index = prng.below(list.length);
  const node = list[index] as Node;
  switch (prng.below(7)) {
    case 0:
      list.splice(index, 1);
      break;
    case 1:
      list.splice(prng.below(list.length + 1), 0, node);
      break;
    case 2: {
      const theirs = parse(other, 0);
      if (theirs !== null && theirs.length > 0) list.splice(index, 0, pick(theirs, prng));
      break;
    }
    case 3:
      list[index] = { ...node, tag: prng.below(24) * 8 + pick([0, 2, node.tag & 7], prng) };
      break;
    default:
      list[index] = { ...node, ...changed(node, prng) };
  }
  return write(root);
}

function changed({ tag, raw, children }: Node, prng: Prng): Partial<Node> {
  if ((tag & 7) === 0) {
    return { raw: prng.chance(0.15) ? Uint8Array.from(pick(longVarints, prng)) : encode('uvarint', 0, nearby(raw, prng)) };
  }
  if (children !== null && prng.chance(0.5)) return { children: prng.chance(0.5) ? [] : [...children, ...children] };
  const content = children === null ? raw : write(children);
  const cut = content.subarray(0, prng.below(content.length + 1));
  return { children: null, raw: pick([cut, prng.bytes(prng.below(16)), Buffer.from('__proto__'), new Uint8Array(0)], prng) };
}

/** An edge, or the number as it is give or take a few: where rules about order and gaps decide. */
function nearby(raw: Uint8Array, prng: Prng): number {
  if (prng.chance(0.4)) return pick(edges, prng);
  let value = 0;
  for (let i = Math.min(raw.length, 7) - 1; i >= 0; i--) value = value * 0x80 + ((raw[i] as number) & 0x7f);
  return Math.max(0, value + pick([1, -1, 2, -2, 3, -3], prng));
}

function collect(nodes: Node[], lists: Node[][]): void {
  if (nodes.length > 0) lists.push(nodes);
  for (const { children } of nodes) if (children !== null) collect(children, lists);
}

function parse(bytes: Uint8Array, depth: number): Node[] | null {
  const nodes: Node[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = varintAt(bytes, at);
    if (tag === null || tag.value < 8 || tag.value > 0xffff) return null;
    const field = fieldAt(bytes, tag, depth);
    if (field === null) return null;
    nodes.push(field.node);
    at = field.end;
  }
  return nodes;
}

function fieldAt(bytes: Uint8Array, tag: Varint, depth: number): { node: Node; end: number } | null {
  const start = tag.end;
  const wireType = tag.value & 7;
  const length = wireType === 0 || wireType === 2 ? varintAt(bytes, start) : null;
  if (wireType === 2 && length !== null) {
    const end = length.end + length.value;
    if (end > bytes.length) return null;
    const raw = bytes.slice(length.end, end);
    const children = depth < maxDepth && raw.length > 1 ? parse(raw, depth + 1) : null;
    return { node: { tag: tag.value, raw, children }, end };
  }
  const size = wireType === 1 ? 8 : wireType === 5 ? 4 : length === null ? -1 : length.end - start;
  if (size < 0 || start + size > bytes.length) return null;
  return { node: { tag: tag.value, raw: bytes.slice(start, start + size), children: null }, end: start + size };
}

interface Varint {
  readonly value: number;
  readonly end: number;
}

function varintAt(bytes: Uint8Array, at: number): Varint | null {
  let value = 0;
  for (let i = 0, scale = 1; i < 10 && at + i < bytes.length; i++, scale *= 0x80) {
    const byte = bytes[at + i] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  return null;
}

function write(nodes: readonly Node[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { tag, raw, children } of nodes) {
    parts.push(encode('uvarint', 0, tag));
    const content = children === null ? raw : write(children);
    if ((tag & 7) === 2) parts.push(encode('uvarint', 0, content.length));
    parts.push(content);
  }
  return Buffer.concat(parts);
}
