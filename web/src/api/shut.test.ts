import { describe, expect, it } from 'vitest';
import { isShut, openings, setShut, whenOpen } from './shut';

describe('a page that is shut', () => {
  it('lets nothing go on before it is opened', async () => {
    const before = openings();
    await whenOpen();
    setShut(true);
    expect(isShut()).toBe(true);
    let went = false;
    const later = whenOpen().then(() => {
      went = true;
    });
    await Promise.resolve();
    expect(went).toBe(false);
    setShut(false);
    await later;
    expect(went).toBe(true);
    expect(openings()).toBe(before + 1);
  });
  it('is opened once, however often it is said', () => {
    const before = openings();
    setShut(false);
    expect(openings()).toBe(before);
  });
});
