#!/usr/bin/env node
// The jackdaw command. The program itself is in ../src and is built to ../dist; this file only starts it, with Node's
// compile cache where Node has one (22.1 and later), so that short commands start quickly.
import * as nodeModule from 'node:module';

if ('enableCompileCache' in nodeModule) nodeModule.enableCompileCache();
const { main } = await import('../dist/src/main.js');
process.exitCode = await main(process.argv.slice(2));
