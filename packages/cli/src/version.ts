/**
 * The version that this program was published under.
 */
import { readFileSync } from 'node:fs';

export function readVersion(): string {
  // The same distance from src/ (never run) and from dist/src/ would not hold; this file only runs from dist/src.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const content: unknown = JSON.parse(text);
  const hasVersion = typeof content === 'object' && content !== null && 'version' in content;
  return hasVersion && typeof content.version === 'string' ? content.version : '0.0.0';
}
