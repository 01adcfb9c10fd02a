import { describe, expect, it } from 'vitest';
import type { Track } from '../../api/types';
import { lateness, stepsOf } from './model';

const track = (part: Partial<Track>): Track =>
  ({
    id: 't',
    pipeline: 'imaging',
    title: '',
    modality: 'DX',
    arrived_at: 10,
    promised_at: 1_000_000,
    step: 'queued',
    steps: [],
    holder: null,
    report: null,
    report_n: 0,
    report_kind: null,
    item: null,
    return_reason: null,
    return_text: null,
    flags: [],
    priority: 'routine',
    ...part,
  }) as Track;

describe('track', () => {
  it('shows one step in work', () => {
    expect(stepsOf(track({ step: 'queued' })).map((s) => s.state)).toEqual(['done', 'now', 'todo', 'todo']);
    expect(stepsOf(track({ step: 'writing' })).map((s) => s.state)).toEqual(['done', 'now', 'todo', 'todo']);
    expect(stepsOf(track({ step: 'auditing' })).map((s) => s.state)).toEqual(['done', 'done', 'now', 'todo']);
    expect(stepsOf(track({ step: 'published' })).map((s) => s.state)).toEqual(['done', 'done', 'done', 'done']);
  });
  it('shows none in work while the clinic has to act', () => {
    expect(stepsOf(track({ step: 'returned' })).some((s) => s.state === 'now')).toBe(false);
  });
  it('knows late from soon', () => {
    expect(lateness(track({}), 2_000_000)).toBe('late');
    expect(lateness(track({}), 900_000)).toBe('soon');
    expect(lateness(track({}), 0)).toBe('fine');
    expect(lateness(track({ step: 'published' }), 2_000_000)).toBe('fine');
  });
});
