/**
 * What the style tests hold the code to: limits, words, and who may import whom. A change of the architecture changes
 * a line here, with its reason in the commit.
 */

export const limits = { functionLines: 70, fileLines: 600, parameters: 3, columns: 130, headerLines: 30 };

/** Functions that may take more parameters, with the reason. */
export const parameterExceptions: ReadonlyMap<string, string> = new Map([
  ['packages/protocol/src/crc32c.ts crc32c', 'called for every batch: an object would be garbage on the hottest path'],
  ['packages/protocol/src/compile.ts emit', 'writes code, one call for each field: its arguments read as the line they make'],
  ['packages/log/src/fs.ts writeFully', 'the arguments of fs.write, in their order'],
  ['packages/log/src/fs.ts readFully', 'the arguments of fs.read, in their order'],
  ['packages/log/src/batch-scanner.ts scanBatches', 'a range of a file and what is done with each batch in it'],
  ['packages/log/src/batch-scanner.ts scanHeadersNow', 'the same, of headers'],
  ['packages/log/src/log-append.ts checkProducers', 'called for every append: an object would be garbage on a hot path'],
  ['packages/log/src/log-append.ts appendNextGroup', 'the same'],
  ['packages/log/src/fs.ts constructor', 'an error: its kind and place, then what every error takes'],
  ['packages/metadata/src/image.ts #setPartition', 'replay: what is changed, its new value, and who notes it'],
  ['packages/metadata/src/image.ts #replayFencing', 'the same'],
]);

/** Packages that are programs: the others are embedded, and leave the process alone. */
export const commandPackages: ReadonlySet<string> = new Set(['cli', 'sim']);

/** Packages without I/O: they see no clock, no timer, no randomness and no Node. */
export const purePackages: ReadonlySet<string> = new Set(['base', 'protocol', 'raft', 'metadata', 'replication', 'coordinator']);

/** package → the siblings that its sources may import. */
export const packageEdges: ReadonlyMap<string, readonly string[]> = new Map([
  ['base', []],
  ['protocol', ['base']],
  ['raft', ['base']],
  ['metadata', ['protocol', 'base']],
  ['replication', ['protocol', 'base']],
  ['coordinator', ['metadata', 'protocol', 'base']],
  ['log', ['protocol', 'base']],
  ['client', ['protocol', 'base']],
  ['broker', ['coordinator', 'replication', 'metadata', 'raft', 'log', 'protocol', 'client', 'base']],
  ['testing', ['broker', 'client', 'protocol', 'base']],
  ['sim', ['broker', 'client', 'log', 'metadata', 'raft', 'replication', 'protocol', 'base']],
  ['cli', ['broker', 'client', 'log', 'protocol', 'base', 'testing']],
]);

/** Doors of a package beside its top, with the reason. */
export const subpathExports: ReadonlyMap<string, string> = new Map([
  ['@jackdaw/broker/codecs', 'commands that read records need the codecs without the whole broker'],
]);

/** Siblings that only the tests of a package import. */
export const testOnlyEdges: ReadonlyMap<string, readonly string[]> = new Map([['broker', ['testing']]]);

/** npm package → the only workspace packages whose sources may import it. */
export const thirdPartyEdges: ReadonlyMap<string, readonly string[]> = new Map([
  ['@grpc/grpc-js', ['broker']],
  ['@grpc/proto-loader', ['broker']],
  ['level', ['broker']],
  ['pino', ['broker']],
  ['pino-pretty', ['broker']],
  ['prom-client', ['broker']],
  ['@bokuweb/zstd-wasm', ['broker']],
  ['@node-rs/crc32', ['broker']],
  ['yargs', ['cli']],
  ['yaml', ['broker', 'cli']],
]);

/** Sequences of tokens that no source file has, and what to write in their place. */
export const bannedEverywhere: readonly (readonly [string, string])[] = [
  ['new Buffer (', 'Buffer.alloc or Buffer.from'],
  ['. substr (', 'slice'],
  ['as any', 'the type, or unknown with a check'],
];

/** The same, of packages that other programs embed: only the command may end its process. */
export const bannedInLibraries: readonly (readonly [string, string])[] = [
  ['JSON . parse ( JSON . stringify', 'structuredClone, or a function that copies what is meant'],
  ['process . exit (', 'an error that reaches whoever started this'],
  ['process . on (', 'a callback; signals belong to the command'],
];

/** The same, of pure packages. */
export const bannedInPure: readonly (readonly [string, string])[] = [
  ['Date . now', 'the injected Clock'],
  ['new Date', 'the injected Clock; milliseconds are numbers'],
  ['Math . random', 'the injected Prng'],
  ['performance .', 'the injected Clock'],
  ['setTimeout (', 'a deadline that the driver asks for'],
  ['setInterval (', 'a deadline that the driver asks for'],
  ['console .', 'an event or an effect that the driver logs'],
  ['process .', 'a value that is passed in'],
  ['Buffer .', 'Uint8Array and DataView'],
  ['async function', 'a synchronous step that returns effects'],
  ['new Promise', 'an effect; the driver waits'],
];

/** Names of classes that a class may extend: only errors have parents here. */
export const parentPattern = /Error$/;

/** File names that say nothing about what is inside. */
export const emptyNamePattern = /(^|[-/])(utils?|helpers?|misc|common|stuff)\.[a-z]+$/;

/** Words that stand for unfinished work: an issue's number belongs in their place. */
export const unfinishedPattern = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);

/** Directives that switch a check off. */
export const switchedOffPattern = new RegExp(`${'@ts-'}(ignore|nocheck|expect-error)|(oxlint|eslint|biome)-(disable|ignore)`);

/** Places that exist on one machine only. */
export const machinePathPattern = new RegExp(['/wo' + 'rk/', '/ro' + 'ot/', '/ho' + 'me/[a-z]', '\\.lib' + 'rary\\b'].join('|'));

/** Programs that are started by a person or a script: nothing imports them. */
export const programs: readonly RegExp[] = [
  /^packages\/[a-z]+\/src\/index\.ts$/,
  /^packages\/cli\/src\/main\.ts$/,
  /^packages\/sim\/src\/(main|batch\/worker-main)\.ts$/,
  /^packages\/sim\/test\/batch\/fake-worker\.ts$/,
  /^packages\/broker\/src\/config\/docs-main\.ts$/,
  /^bench\/[a-z0-9-]+\.ts$/,
  /\.test\.ts$/,
];
