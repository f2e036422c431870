/**
 * CRC-32C by @node-rs/crc32, five times as fast as JavaScript on a batch of 16 KiB.
 *
 * The package is a prebuilt binary for each platform; where there is none, the JavaScript sum stays and nothing else
 * changes. Called once at start-up.
 */
import { createRequire } from 'node:module';

import { installNativeCrc32c, type NativeCrc32c } from '@jackdaw/protocol';

/** CRC-32C of the nine digits "123456789", by which CRCs are told apart. */
const checkInput = Buffer.from('123456789');
const checkValue = 0xe3069283;

/** Installs the native sum when it loads and is right; returns whether it did. */
export function installNodeRsCrc32c(): boolean {
  const native = loadNative();
  if (native === undefined || native(checkInput) >>> 0 !== checkValue) return false;
  installNativeCrc32c(native);
  return true;
}

function loadNative(): NativeCrc32c | undefined {
  try {
    const loaded = createRequire(import.meta.url)('@node-rs/crc32') as { crc32c: NativeCrc32c };
    return loaded.crc32c;
  } catch {
    // No binary for this platform, or not installed: the JavaScript sum does.
    return undefined;
  }
}
