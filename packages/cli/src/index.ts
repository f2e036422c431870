/**
 * The command line as a function, for tests and for programs that embed it: what `bin/jackdaw.js` calls.
 */
export { main } from './main.ts';
