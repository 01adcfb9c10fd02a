// A barcode scanner is a keyboard that types faster than anybody. Behind the lock its codes would be wrong passwords, and the sixth of them
// ends the session. A pasted or filled-in password comes without these keys.

/** Milliseconds between the keys of a scanner, at most. */
const QUICK_MS = 30;
const LEAST = 6;

/** Whether the keys pressed at these times, the Enter last, came from a scanner. */
export function scanned(times: readonly number[]): boolean {
  let quick = 0;
  for (let i = times.length - 1; i > 0; i -= 1) {
    if ((times[i] ?? 0) - (times[i - 1] ?? 0) >= QUICK_MS) break;
    quick += 1;
  }
  return quick >= LEAST;
}
