#!/usr/bin/env node
// The jackdaw command. The program itself is in ../src and is built to ../dist; this file only starts it: from the one file that
// holds all of it, where that is up to date, and with Node's compile cache where Node has one (22.1 and later), so that a broker
// and short commands start quickly.
import * as nodeModule from 'node:module';
import { bundle, isBundleFresh } from './bundle.js';

if ('enableCompileCache' in nodeModule) nodeModule.enableCompileCache();
const { main } = await import(isBundleFresh() ? bundle.href : '../dist/src/main.js');
process.exitCode = await main(process.argv.slice(2));
