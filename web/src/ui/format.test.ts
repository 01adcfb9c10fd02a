import { describe, expect, it } from 'vitest';
import { clock, dicomDate, due, moment, shortTime, span } from './format';

const NOON = Date.UTC(2026, 10, 24, 4, 0, 0); // 12:00 in the county

describe('format', () => {
  it('shows county time', () => {
    expect(clock(NOON + 2_527_000)).toBe('12:42:07');
    expect(shortTime(NOON - 86_400_000, NOON)).toBe('11-23 12:00');
  });
  it('cuts spans', () => {
    expect(span(59 * 60_000)).toEqual({ key: 'span.min', values: { m: 59 } });
    expect(span(-125 * 60_000)).toEqual({ key: 'span.hour', values: { h: 2, m: 5 } });
    expect(span(50 * 3_600_000)).toEqual({ key: 'span.day', values: { d: 2, h: 2 } });
  });
  it('colours by the share of time used', () => {
    expect(due(0, 100, 10).tone).toBe('calm');
    expect(due(0, 100, 50).tone).toBe('amber');
    expect(due(0, 100, 80).tone).toBe('orange');
    expect(due(0, 100, 140)).toEqual({ tone: 'red', used: 1, left: -40 });
    expect(due(0, null, 10).tone).toBe('none');
  });
  it('reads device times, and survives what is none', () => {
    expect(moment('20261124120000')).toBe(NOON);
    expect(moment('20261124040000+0000')).toBe(NOON);
    expect(moment('nonsense')).toBeNull();
    expect(clock(Number.NaN)).toBe('–:–:–');
  });
  it('writes dates', () => {
    expect(dicomDate('19580312')).toBe('1958-03-12');
    expect(dicomDate('')).toBe('');
  });
});
