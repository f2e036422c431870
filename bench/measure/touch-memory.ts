/**
 * Memory that is really there: a virtual machine may be given its memory only page by page, when each is first touched, and a
 * hypervisor may take back what lies idle. Such a touch was seen to cost 2 CPU seconds for each GiB, charged to whoever
 * writes next: at replication factor 3 that is 6 s for each GB produced, on top of some 20. So the free memory is touched
 * before each piece of work, by a process that ends at once: Linux hands out first what was freed last.
 */
import { spawn } from 'node:child_process';
import { freemem } from 'node:os';

/** Of what is free: the rest is left alone, so that nothing has to be swapped or killed for this. */
const share = 0.6;
const mostMib = 6 * 1024;
const chunkMib = 256;

const program = `
  const kept = [];
  for (let left = Number(process.argv[1]); left > 0; left--) kept.push(Buffer.allocUnsafeSlow(${chunkMib} << 20).fill(1));
`;

/** Seconds that it took. */
export async function touchFreeMemory(): Promise<number> {
  const allowedMib = Math.min(freemem(), process.constrainedMemory() || Infinity) / 2 ** 20;
  const chunks = Math.floor(Math.min(allowedMib * share, mostMib) / chunkMib);
  const began = performance.now();
  const child = spawn(process.execPath, ['--eval', program, String(chunks)], { stdio: 'ignore' });
  // One that is refused memory has touched what it got.
  await new Promise<void>((resolve) => child.on('exit', () => resolve()).on('error', () => resolve()));
  return (performance.now() - began) / 1000;
}
