import { describe, expect, it } from 'vitest';
import { canRetry, canStop, type Entry, hex, type Receiver, shownState, sums, until } from './model';

const entry = (part: Partial<Entry>): Entry =>
  ({ kind: 'batch', state: 'waiting', reason: '', failed: 0, may_act: true, ...part }) as Entry;

describe('the outbox', () => {
  it('calls an entry that failed before and waits again a retry', () => {
    expect(shownState(entry({}))).toBe('waiting');
    expect(shownState(entry({ reason: 'no_room' }))).toBe('retrying');
    expect(shownState(entry({ state: 'failed', reason: 'no_room' }))).toBe('failed');
  });
  it('offers what can be done and nothing else', () => {
    const can = (e: Entry) => [canRetry(e), canStop(e)];
    expect(can(entry({}))).toEqual([true, true]);
    expect(can(entry({ state: 'failed' }))).toEqual([true, true]);
    expect(can(entry({ state: 'stopped' }))).toEqual([true, false]);
    expect(can(entry({ state: 'sent' }))).toEqual([false, false]);
    expect(can(entry({ may_act: false }))).toEqual([false, false]);
  });
  it('adds up what waits', () => {
    const receiver = (waiting: number, failed: number) => ({ waiting, failed }) as Receiver;
    expect(sums([receiver(2, 1), receiver(3, 0)])).toEqual({ waiting: 5, failed: 1 });
  });
  it('writes a status as manuals do', () => {
    expect([hex(null), hex(0x122), hex(0xa700)]).toEqual(['', '0122', 'A700']);
  });
  it('counts down and no further', () => {
    expect([until(null, 5), until(9, 5), until(3, 5)]).toEqual([null, 4, 0]);
  });
});
