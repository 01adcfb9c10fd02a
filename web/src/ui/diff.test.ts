import { describe, expect, it } from 'vitest';
import { diff } from './diff';

const back = (a: string, b: string) => {
  const pieces = diff(a, b);
  const from = pieces.filter((p) => p.kind !== 'new').map((p) => p.text);
  const to = pieces.filter((p) => p.kind !== 'gone').map((p) => p.text);
  return [from.join(''), to.join('')];
};

describe('diff', () => {
  it('rebuilds both texts', () => {
    const a = '右肺上叶结节,约 11.8 mm。';
    const b = '左肺上叶见实性结节,约 12.0 mm。';
    expect(back(a, b)).toEqual([a, b]);
    expect(diff(a, b).some((p) => p.kind === 'gone' && p.text.includes('右'))).toBe(true);
  });
  it('is empty for empty texts and whole for none in common', () => {
    expect(diff('', '')).toEqual([]);
    expect(diff('', 'abc')).toEqual([{ kind: 'new', text: 'abc' }]);
  });
  it('survives long texts', () => {
    const a = '一二三四五\n'.repeat(2000);
    expect(back(a, `${a}六`)).toEqual([a, `${a}六`]);
  });
});
