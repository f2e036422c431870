/**
 * The inputs worth changing further: those that reached code which no input before them had reached.
 *
 * In the tree a corpus is one line of base64 for each input, in `corpus/<target>.txt`, smallest first.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Prng } from '@jackdaw/base';

export const corpusDirectory = fileURLToPath(new URL('../../../../test/fuzz/corpus/', import.meta.url));

/** Inputs in memory; when there are more, old ones are replaced. */
const maxInputs = 4_096;
/** A corpus in the tree: all of them together stay below two megabytes. */
export const maxStoredBytes = 36 * 1024;
const maxStoredInputBytes = 3 * 1024;

export class Corpus {
  readonly #accepted: Uint8Array[] = [];
  readonly #refused: Uint8Array[] = [];

  get size(): number {
    return this.#accepted.length + this.#refused.length;
  }

  get inputs(): readonly Uint8Array[] {
    return [...this.#accepted, ...this.#refused];
  }

  add(input: Uint8Array, { isAccepted, prng }: { isAccepted: boolean; prng: Prng }): void {
    const inputs = isAccepted ? this.#accepted : this.#refused;
    if (inputs.length < maxInputs / 2) inputs.push(input);
    else inputs[prng.below(inputs.length)] = input;
  }

  /**
   * Mostly one that is accepted, since what is refused early leads nowhere; and half of the time one of the newest, whose
   * surroundings are the least explored.
   */
  pick(prng: Prng): Uint8Array {
    const [first, second] = prng.chance(0.75) ? [this.#accepted, this.#refused] : [this.#refused, this.#accepted];
    const inputs = first.length > 0 ? first : second;
    const { length } = inputs;
    const newest = Math.min(length, 32);
    const index = prng.chance(0.5) ? length - 1 - prng.below(newest) : prng.below(length);
    return inputs[index] ?? new Uint8Array(0);
  }
}

export function loadCorpus(name: string): Uint8Array[] {
  const path = join(corpusDirectory, `${name}.txt`);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'base64'));
}

/** Writes as many of the inputs, given the most important first, as a corpus in the tree may hold. Returns how many. */
export function saveCorpus(name: string, inputs: readonly Uint8Array[]): number {
  const lines: string[] = [];
  let bytes = 0;
  for (const input of inputs) {
    const line = Buffer.from(input).toString('base64');
    if (line === '' || input.length > maxStoredInputBytes || bytes + line.length + 1 > maxStoredBytes) continue;
    bytes += line.length + 1;
    lines.push(line);
  }
  lines.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  writeFileSync(join(corpusDirectory, `${name}.txt`), `${lines.join('\n')}\n`);
  return lines.length;
}
