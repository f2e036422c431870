// The jackdaw command from its single modules, never from the one file: profiles then say which package a function is of.
async function run() {
  const { main } = await import('../dist/src/main.js');
  process.exitCode = await main(process.argv.slice(2));
}

void run();
