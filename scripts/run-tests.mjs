// `npm test`: runs every compiled test of the tree with node:test. Node 20 knows no glob patterns for --test, so the
// files are found here. Arguments narrow the run: `npm test -- raft tidy` runs what has one of these words in its path.
// Long programs (fault harness, fuzzers, benchmarks) are no *.test.js files and run from .ci/run.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Two cores are what every machine has; tests that start brokers are slow with more beside them. */
const concurrency = 2;
/** Bootstrap servers of the cluster that client and CLI are tested against. */
const bootstrapVariable = 'JACKDAW_TEST_BOOTSTRAP';

const words = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const directories = [...readdirSync(`${root}packages`).map((name) => `packages/${name}/dist/test`), 'dist/test', 'dist/bench'];
const files = directories.flatMap(testFiles).filter((path) => words.length === 0 || words.some((word) => path.includes(word)));

if (files.length === 0) {
  console.error(`no compiled test ${words.length === 0 ? 'found: run npm run build' : `has ${words.join(' or ')} in its path`}`);
  process.exitCode = 1;
} else {
  const cluster = await clusterFor(files);
  // A test that fails may leave a client behind that dials for ever: that must not hide its failure behind a hang.
  const options = ['--test', '--test-force-exit', `--test-concurrency=${concurrency}`, '--test-reporter=spec', ...flags];
  const env = cluster === null ? process.env : { ...process.env, [bootstrapVariable]: cluster.bootstrapServers };
  const child = spawn(process.execPath, [...options, ...files], { cwd: root, stdio: 'inherit', env });
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
    void cluster?.stop();
  });
}

/** Tests that talk to a cluster of anybody's (`against-…`) get one of ours, unless the variable names another. */
async function clusterFor(chosen) {
  if (process.env[bootstrapVariable] !== undefined || !chosen.some((path) => path.includes('/against-'))) return null;
  const { startCluster } = await import('../packages/testing/dist/src/index.js');
  return await startCluster({ brokers: 3 });
}

/** Compiled tests whose source is still there: tsc leaves the output of a removed file behind. */
function testFiles(directory) {
  return list(directory)
    .filter((path) => path.endsWith('.test.js'))
    .filter((path) => sources(directory).has(path.replace(/\bdist\//, '').replace(/\.js$/, '.ts')))
    .toSorted();
}

function sources(directory) {
  return new Set(list(directory.replace(/\bdist\//, '')));
}

function list(directory) {
  try {
    const entries = readdirSync(root + directory, { withFileTypes: true, recursive: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`.slice(root.length));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}
