/**
 * Program for a test: answers seeds at once, dies on 666 and hangs on 777.
 */
process.on('message', ({ seeds }: { seeds: number[] }) => {
  for (const seed of seeds) {
    if (seed === 666) {
      process.stderr.write('last words\n', () => process.exit(3));
      return;
    }
    while (seed === 777);
    process.send?.({ seed, failure: null, hash: '', events: 1, virtualMs: 1, cpuMs: 1, sometimes: [] });
  }
});
process.on('disconnect', () => process.exit(0));
