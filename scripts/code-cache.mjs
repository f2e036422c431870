// Makes packages/cli/dist/jackdaw.cache: V8's bytecode of the one file (scripts/bundle.mjs). A cache that is made before the
// code has run holds no function that is compiled when it is first called, which is nearly all; so this starts a broker as
// `jackdaw server start` does, in a directory of its own, and writes what was compiled when it has served and stopped.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { codeCache, loadBundle } from '../packages/cli/bin/bundle.js';

const limitMs = 30_000;

/** The broker's process sets it, and a cache fits only processes with the flags that it was made with: V8's default. */
const flagsAtStart = '--heap-growing-percent=0';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs a broker until it serves, and stops it. */
async function runBroker(main, directory) {
  const port = await freePort();
  const settings = [
    'node.id=1',
    `listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:${port}`,
    `controller.quorum.voters=1@127.0.0.1:${port}`,
    `log.dirs=${directory}`,
    'admin.port=0',
  ];
  const say = process.stderr.write.bind(process.stderr);
  process.stderr.write = (text, ...rest) => {
    // What `server start` says to its user when clients are served.
    if (!String(text).includes('serves on port')) return say(text, ...rest);
    setImmediate(() => process.emit('SIGTERM'));
    return true;
  };
  const exitCode = await main(['server', 'start', ...settings.flatMap((setting) => ['--set', setting])]);
  process.stderr.write = say;
  if (exitCode !== 0) throw new Error(`the broker ended with exit code ${exitCode}`);
}

const directory = mkdtempSync(join(tmpdir(), 'jackdaw-code-cache-'));
setTimeout(() => process.exit(1), limitMs).unref();
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
const { exports, id, script } = loadBundle({ withCache: false });
await runBroker(exports.main, directory);
setFlagsFromString(flagsAtStart);
const temporary = `${codeCache}.${process.pid}.tmp`;
writeFileSync(temporary, Buffer.concat([Buffer.from(id, 'latin1'), script.createCachedData()]));
renameSync(temporary, codeCache);
process.exit(0);
