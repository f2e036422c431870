/** The real disk passes what every disk must (fs-conformance.ts). */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeFs } from '../src/node-fs.ts';
import { fsConformance } from './fs-conformance.ts';

fsConformance('NodeFs', () => ({ fs: new NodeFs(), root: mkdtempSync(join(tmpdir(), 'jackdaw-log-')) }));
