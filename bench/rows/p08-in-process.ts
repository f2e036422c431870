/**
 * A program of its own, so that no other row has warmed its code: starts a cluster as a test does, and prints how many
 * milliseconds that took.
 *
 *   node dist/bench/rows/p08-in-process.js BROKERS
 */
import { startCluster } from '@jackdaw/testing';

const began = performance.now();
const cluster = await startCluster({ brokers: Number(process.argv[2] ?? 1) });
console.log(Math.round(performance.now() - began));
await cluster.stop();
process.exit();
