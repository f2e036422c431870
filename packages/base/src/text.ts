/**
 * UTF-8 for packages that cannot see Node: the one place that names the platform's encoder and decoder.
 */

declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: false });

export function utf8Encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Decodes UTF-8; malformed sequences become U+FFFD, as in Kafka. */
export function utf8Decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
