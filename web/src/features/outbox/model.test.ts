import { describe, expect, it } from 'vitest';
import { catalogue } from '../../i18n';
import { canResend, canRetry, canStop, deliveryTone, type Entry, hex, type Receiver, shownState, stopHint, sums, until } from './model';

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

describe('a delivery of a report', () => {
  it('is green only when it has gone', () => {
    for (const state of ['sent', 'acked', 'seen', 'clinically_acked']) expect(deliveryTone(state), state).toBe('green');
    for (const state of ['dead', 'parked', 'stopped']) expect(deliveryTone(state), state).toBe('red');
    for (const state of ['superseded', 'something-new']) expect(deliveryTone(state), state).toBeUndefined();
    expect([deliveryTone('pending'), deliveryTone('retry')]).toEqual(['amber', 'orange']);
  });
  it('has a word for every state in both languages', () => {
    const states = ['pending', 'retry', 'sent', 'acked', 'seen', 'clinically_acked', 'dead', 'parked', 'stopped', 'superseded'];
    for (const language of ['zh-CN', 'en'] as const)
      for (const state of states) expect(catalogue(language)[`delivery.state.${state}`], `${language} ${state}`).toBeTruthy();
  });
  it('can be sent again when it has not gone', () => {
    expect(['retry', 'parked', 'dead', 'stopped'].every(canResend)).toBe(true);
    expect(['pending', 'sent', 'acked', 'superseded'].some(canResend)).toBe(false);
  });
  it('that is given up leaves the receiver its earlier version, and the page says so', () => {
    const of = (n: number) => stopHint(entry({ kind: 'delivery', report: ['r', n] }));
    expect(of(1)).toBe('outbox.stop_hint.delivery');
    expect(of(2)).toBe('outbox.stop_hint.delivery_later');
    expect(catalogue('zh-CN')[of(3)]).toContain('较早版本');
    expect(stopHint(entry({ kind: 'batch', report: null }))).toBe('outbox.stop_hint.batch');
  });
});
