import { describe, expect, it } from 'vitest';
import { catalogue } from './index';

const zh = catalogue('zh-CN');
const en = catalogue('en');
const holes = (text: string) => [...text.matchAll(/\{\{\s*(\w+)/g)].map((m) => m[1]).sort();

describe('catalogues', () => {
  it('have the same keys', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  });
  it('have the same placeholders', () => {
    for (const key of Object.keys(zh)) expect([key, ...holes(en[key] ?? '')]).toEqual([key, ...holes(zh[key])]);
  });
  it('have no empty text', () => {
    for (const [key, text] of [...Object.entries(zh), ...Object.entries(en)]) expect(text.trim(), key).not.toBe('');
  });
  it('have no Chinese left in the English one', () => {
    // The names of the languages and signatures that must stay as they are in law are exempt by key.
    for (const [key, text] of Object.entries(en))
      if (!key.startsWith('lang.')) expect(/[\u4e00-\u9fff]/.test(text), `${key}: ${text}`).toBe(false);
  });
});

describe('pages', () => {
  const sources = import.meta.glob<string>('../**/*.tsx', { eager: true, query: '?raw', import: 'default' });
  it('hold no literal Chinese text', () => {
    for (const [path, text] of Object.entries(sources)) {
      const code = text.replace(/\/\/.*$/gm, '').replace(/\/\*[\s\S]*?\*\//g, '');
      expect(/[\u4e00-\u9fff]/.test(code), path).toBe(false);
    }
  });
  it('name only keys that exist', () => {
    for (const [path, text] of Object.entries(sources)) {
      for (const [, key] of text.matchAll(/\bt\('([a-z0-9_.]+)'/g)) expect(zh[key], `${path}: ${key}`).toBeDefined();
    }
  });
});
