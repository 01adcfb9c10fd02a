import { describe, expect, it } from 'vitest';
import { applyTemplate, changedBy, checks, phraseAt, placeholder, sameText, withStatements } from './model';

describe('placeholders', () => {
  const text = '右肺[部位]见结节,大小[ ] mm。';
  it('are found forward and back', () => {
    expect(placeholder(text, 0)).toEqual({ from: 2, to: 6 });
    expect(placeholder(text, 3)).toEqual({ from: 12, to: 15 });
    expect(placeholder(text, 16)).toBeNull();
    expect(placeholder(text, 12, true)).toEqual({ from: 2, to: 6 });
  });
});

describe('phrases', () => {
  const phrases = [
    { code: 'zc', section: 'findings', text: '两肺野清晰。' },
    { code: 'zc', section: 'impression', text: '心肺膈未见明显异常。' },
  ];
  it('expand at the caret, for the section one is in, half and full width', () => {
    expect(phraseAt('abc;zc', 6, phrases, 'impression')?.phrase.text).toBe('心肺膈未见明显异常。');
    expect(phraseAt('\uff1bzc', 3, phrases, 'findings')?.span).toEqual({ from: 0, to: 3 });
    expect(phraseAt(';zc', 2, phrases, 'findings')).toBeNull();
    expect(phraseAt('zc', 2, phrases, 'findings')).toBeNull();
  });
});

describe('templates', () => {
  it('never remove what was written', () => {
    const out = applyTemplate({ findings: '我写的', impression: '' }, { findings: '模板', impression: '诊断' }, ['findings', 'impression']);
    expect(out).toEqual({ findings: '我写的\n模板', impression: '诊断' });
  });
});

describe('checks', () => {
  it('block left-overs and empty sections', () => {
    const found = checks({ findings: '大小[ ]', impression: '' }, 'imaging', 'M');
    expect(found.map((c) => [c.code, c.section, c.level])).toEqual([
      ['leftover', 'findings', 'block'],
      ['empty', 'impression', 'block'],
    ]);
  });
  it('see sex and side', () => {
    expect(checks({ findings: '前列腺增大', impression: '前列腺增生' }, 'imaging', 'F').map((c) => c.code)).toContain('sex_organ');
    expect(checks({ findings: '右肺结节', impression: '左肺结节' }, 'imaging', 'F').map((c) => c.code)).toEqual(['side']);
    expect(checks({ findings: '双肺结节', impression: '左肺结节' }, 'imaging', 'F')).toEqual([]);
  });
});

describe('text', () => {
  it('compares with absent as empty', () => {
    expect(sameText({ findings: '' }, {})).toBe(true);
    expect(sameText({ findings: 'a' }, {})).toBe(false);
  });
  it('counts changed characters', () => {
    expect(changedBy({ findings: 'abcdef' }, { findings: 'abXYef' })).toBe(2);
  });
  it('keeps own lines when statements change', () => {
    const one = withStatements({ impression: '请结合临床' }, [{ code: 'sr', text: '窦性心律' }]);
    expect(one.impression).toBe('1. 窦性心律\n2. 请结合临床');
    expect(withStatements(one, []).impression).toBe('请结合临床');
  });
});
