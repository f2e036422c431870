/**
 * Makes a failing input smaller for as long as it fails in the same way: pieces are cut out, halving their size, then bytes
 * are turned into zeros. What is left shows the fault and little else.
 */

/** Tries of one minimisation. */
const maxTries = 4_000;

/** `isSame` says whether the input still shows the fault. */
export async function minimise(
  input: Uint8Array,
  isSame: (candidate: Uint8Array) => Promise<boolean>,
  repair?: (input: Uint8Array) => Uint8Array,
): Promise<Uint8Array> {
  let best = input;
  let tries = 0;
  const holds = async (candidate: Uint8Array, maxBytes: number): Promise<boolean> => {
    const forms = repair === undefined ? [candidate] : [repair(candidate), candidate];
    for (const form of forms) {
      if (form.length > maxBytes || ++tries > maxTries || !(await isSame(form))) continue;
      best = form;
      return true;
    }
    return false;
  };
  for (let size = Math.ceil(input.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < best.length && tries < maxTries;) {
      if (!(await holds(without(best, start, size), best.length - 1))) start += size;
    }
  }
  for (let at = 0; at < best.length && tries < maxTries; at++) {
    if (best[at] === 0) continue;
    const zeroed = Uint8Array.from(best);
    zeroed[at] = 0;
    await holds(zeroed, best.length);
  }
  return best;
}

function without(bytes: Uint8Array, start: number, size: number): Uint8Array {
  const result = new Uint8Array(Math.max(0, bytes.length - Math.min(size, bytes.length - start)));
  result.set(bytes.subarray(0, start));
  result.set(bytes.subarray(Math.min(bytes.length, start + size)), start);
  return result;
}
