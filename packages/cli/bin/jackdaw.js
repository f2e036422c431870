#!/usr/bin/env node
// The jackdaw command. The program itself is in ../src and is built to ../dist; this file only starts it: from the one file that
// holds all of it, where that is up to date, so that a broker and short commands start quickly; else from the single modules,
// with Node's compile cache where Node has one (22.1 and later). CommonJS, like all in this directory: Node's loader of ES
// modules takes 10 ms to start.
const nodeModule = require('node:module');
const { isBundleFresh, loadBundle } = require('./bundle.js');

async function run() {
  const { main } = isBundleFresh() ? loadBundle().exports : await loadModules();
  process.exitCode = await main(process.argv.slice(2));
}

function loadModules() {
  if ('enableCompileCache' in nodeModule) nodeModule.enableCompileCache();
  return import('../dist/src/main.js');
}

void run();
