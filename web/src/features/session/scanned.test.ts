import { describe, expect, it } from 'vitest';
import { scanned } from './scanned';

const every = (ms: number, n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i * ms);

describe('what a barcode scanner types', () => {
  it('is told by its speed', () => {
    expect(scanned(every(8, 13))).toBe(true);
    expect(scanned(every(29, 7))).toBe(true);
  });
  it('is told though something was typed before', () => {
    expect(scanned([...every(150, 4), ...every(8, 9, 2_000)])).toBe(true);
  });
  it('is not what a person types', () => {
    expect(scanned(every(60, 12))).toBe(false);
    expect(scanned([...every(10, 8), 900])).toBe(false);
    expect(scanned(every(10, 6))).toBe(false);
  });
  it('is not a password that was pasted or filled in', () => {
    expect(scanned([0])).toBe(false);
    expect(scanned([])).toBe(false);
  });
});
