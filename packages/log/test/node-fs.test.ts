/** The real disk passes what every disk must (fs-conformance.ts). */
import { NodeFs } from '../src/node-fs.ts';
import { fsConformance } from './fs-conformance.ts';
import { temporaryDirectory } from './support.ts';

fsConformance('NodeFs', () => ({ fs: new NodeFs(), root: temporaryDirectory() }));
