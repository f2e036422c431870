#!/usr/bin/env node
// The jackdaw command. The program itself is in ../src and is built to ../dist; this file only starts it: from the one file that
// holds all of it, where that is up to date, so that a broker and short commands start quickly; else from the single modules,
// with Node's compile cache where Node has one (22.1 and later).
import * as nodeModule from 'node:module';
import { isBundleFresh, loadBundle } from './bundle.js';

const { main } = isBundleFresh() ? loadBundle().exports : await loadModules();
process.exitCode = await main(process.argv.slice(2));

function loadModules() {
  if ('enableCompileCache' in nodeModule) nodeModule.enableCompileCache();
  return import('../dist/src/main.js');
}
