/**
 * The public names of the broker's codecs, for the CLI and for tests.
 */
export { nodeCodecs } from './codecs.ts';
export { installNodeRsCrc32c } from './native-crc32c.ts';
