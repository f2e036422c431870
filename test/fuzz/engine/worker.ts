/**
 * The thread that fuzzes, one target after the other as it is told. The main thread is its watchdog (`supervise.ts`) and ends
 * it when it hangs.
 *
 * Nothing of the packages may be loaded before the probes are in place, so the work itself is in a module of its own.
 */
import { startProbing } from './coverage.ts';

startProbing();
await import('./thread.ts');
