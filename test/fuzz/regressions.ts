/**
 * Inputs that once broke something, each in a file of its own with what it broke: `regressions/<target>-<hash>.json`.
 * The fuzzer writes one for each finding; once the fault is mended, `regressions.test.ts` keeps it so.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finding } from './engine/finding.ts';

const directory = fileURLToPath(new URL('../../../test/fuzz/regressions/', import.meta.url));

export interface Regression {
  readonly file: string;
  readonly target: string;
  /** What the input did before the fault was mended. */
  readonly broke: string;
  readonly input: Uint8Array;
}

export function loadRegressions(): Regression[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((file) => {
      const { target, broke, input } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Record<string, string>;
      return { file, target: target ?? '', broke: broke ?? '', input: Buffer.from(input ?? '', 'base64') };
    });
}

/** Returns the file's name. */
export function saveRegression({ target, key, input }: Finding): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 8);
  const file = `${target}-${hash}.json`;
  const content = { target, broke: key.slice(target.length + 2), input: Buffer.from(input).toString('base64') };
  writeFileSync(join(directory, file), `${JSON.stringify(content, null, 2)}\n`);
  return file;
}
