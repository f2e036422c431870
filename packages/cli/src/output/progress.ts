/**
 * A sign of life on standard error while something takes long.
 *
 * On a terminal a spinner appears after half a second and is wiped away at the end; elsewhere one line says what is going on.
 */
import type { Output } from './output.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const firstFrameMs = 500;
const frameMs = 100;
const wipeLine = '\r\u001b[K';

export async function withProgress<T>(out: Output, what: string, work: () => Promise<T>): Promise<T> {
  const { stderr } = out;
  if (stderr.isTTY !== true) {
    out.note(`${what} …`);
    return work();
  }
  const startMs = performance.now();
  let shown = false;
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs < firstFrameMs) return;
    shown = true;
    const frame = frames[Math.floor(elapsedMs / frameMs) % frames.length] ?? '';
    stderr.write(`${wipeLine}${frame} ${what} (${Math.floor(elapsedMs / 1000)} s)`);
  }, frameMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (shown) stderr.write(wipeLine);
  }
}
