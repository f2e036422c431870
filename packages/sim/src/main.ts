/**
 * Program: runs the simulated cluster, for one seed, one saved plan, or thousands of seeds on all cores.
 *
 *   npm run sim -- --seed 42 [--trace] [--minimise [--save FILE]]
 *   npm run sim -- --seeds 2000 [--jobs 2] [--until-failure]
 *
 * Exits 1 when a check failed, when two runs of one seed differed, or when a batch never came to a place that it must
 * reach. `--help` lists the options; docs/internals/simulation.md says how to read a failure.
 */
import { availableParallelism } from 'node:os';
import { readCommand, usage } from './batch/command-line.ts';
import { runBatch } from './batch/batch.ts';
import { runSingle } from './batch/single.ts';
import { minimiseCommand } from './batch/minimise-command.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const command = readCommand(args, availableParallelism());
  switch (command.kind) {
    case 'help':
      print(usage);
      return 0;
    case 'wrong':
      process.stderr.write(`sim: ${command.complaint} (--help lists the options)\n`);
      return 2;
    case 'single':
      return await runSingle(command, print);
    case 'minimise':
      return await minimiseCommand(command, print);
    case 'batch':
      return await runBatch(command, print);
  }
}
