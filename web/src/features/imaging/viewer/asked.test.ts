import { describe, expect, it } from 'vitest';
import { askedTool, toolInHand } from './asked';
import { MEASURING } from './port';

describe('a tool asked for by key', () => {
  const coming = { status: 'ready', diagnostic: false } as const;
  it('waits for the diagnostic image when it measures', () => {
    for (const id of MEASURING) {
      expect(askedTool(id, coming, true), id).toBe('wait');
      expect(askedTool(id, { status: 'loading', diagnostic: false }, true), id).toBe('wait');
      expect(askedTool(id, { status: 'empty', diagnostic: false }, true), id).toBe('wait');
      expect(askedTool(id, { status: 'ready', diagnostic: true }, true), id).toBe('take');
    }
  });
  it('is taken at once when it does not measure, or nothing is shown', () => {
    expect(askedTool('window', coming, true)).toBe('take');
    expect(askedTool('length', { status: 'empty', diagnostic: false }, false)).toBe('take');
  });
  it('is out of hand wherever its image does not stand, and comes back with the next image of what is open', () => {
    for (const id of MEASURING) {
      expect(toolInHand(id, { status: 'ready', diagnostic: true }), id).toBe('keep');
      expect(toolInHand(id, coming), id).toBe('aside');
      for (const status of ['loading', 'error', 'empty'] as const) expect(toolInHand(id, { status, diagnostic: false }), id).toBe('away');
    }
    expect(toolInHand('pan', { status: 'error', diagnostic: false })).toBe('keep');
  });
  it('is refused on an image that will not come', () => {
    expect(askedTool('length', { status: 'error', diagnostic: false }, true)).toBe('refuse');
    expect(askedTool('pan', { status: 'error', diagnostic: false }, true)).toBe('take');
  });
});
