import { describe, expect, it } from 'vitest';
import en from '../../i18n/en/imaging.json';
import zh from '../../i18n/zh-CN/imaging.json';
import type { Measurement } from './viewer/port';
import { insertText, whereText } from './words';

const words =
  (catalogue: Record<string, string>) =>
  (key: string, values: Record<string, unknown> = {}): string =>
    (catalogue[key] ?? key).replace(/\{\{(\w+)\}\}/g, (_, name) => String(values[name]));

const length = (more: Partial<Measurement> = {}): Measurement =>
  ({
    kind: 'length',
    series: 's',
    seriesNumber: 2,
    prior: null,
    part: null,
    slab: null,
    image: 5,
    number: 105,
    frame: 1,
    frames: 1,
    basis: 'spacing',
    amounts: [{ value: 12.34, unit: 'mm' }],
    ...more,
  }) as Measurement;

describe('where something was measured', () => {
  it('is told by the number of the image, which every viewer knows', () => {
    expect(whereText(words(zh), length())).toBe('S2/图像105');
    expect(insertText(words(en), length())).toBe('12.3 mm in length (S2/im 105)');
    expect(whereText(words(en), length({ prior: '2026-03-18' }))).toBe('study of 2026-03-18, S2/im 105');
  });
  it('with the frame of an image of many', () => {
    expect(whereText(words(zh), length({ number: 3, frame: 40, frames: 80, image: 42 }))).toBe('S2/图像3 第40帧');
    expect(whereText(words(en), length({ number: 3, frame: 40, frames: 80 }))).toBe('S2/im 3 frame 40');
  });
  it('by its place where the number is missing or stands twice, and says so', () => {
    expect(whereText(words(zh), length({ number: null }))).toBe('S2/排列第5幅(无唯一图像号)');
    expect(whereText(words(en), length({ number: null, frames: 80, frame: 5 }))).toBe('S2/position 5 (no unique image number)');
  });
  it('of a cut by the place of the cut', () => {
    expect(whereText(words(zh), length({ series: 's:coronal', image: 103, number: 103 }))).toBe('S2/冠状位 103');
  });
});
