import { describe, expect, it } from 'vitest';
import { conflicts } from '../../../keys/model';
import { imageKeys } from '../bindings';
import { handlesOf, onImage, POINTS } from './caret';
import { paceOf } from './cine';
import { hang, readLayouts, unsided, upright } from './hanging';
import { quarrels } from './identity';
import { readKept } from './keep';
import { ctrOf, ellipseFrame, formatAmount, rectangleFrame } from './measure';
import { EMPTY_STATE, MEASURING } from './port';
import { answering, rankPriors } from './priors';

const mm = { basis: 'detector' as const, x: { unit: 'mm' as const, per: 0.2 }, y: { unit: 'mm' as const, per: 0.2 } };

describe('cardiothoracic ratio', () => {
  it('is the narrower width over the wider one, in either order, with both widths', () => {
    const heart = [
      [100, 50],
      [750, 50],
    ] as const;
    const chest = [
      [0, 90],
      [1300, 90],
    ] as const;
    const told = ctrOf(heart[0], heart[1], chest[0], chest[1], mm);
    expect(told.map(formatAmount)).toEqual(['0.50', '130.0 mm', '260.0 mm']);
    expect(ctrOf(chest[0], chest[1], heart[0], heart[1], mm)).toEqual(told);
    expect(ctrOf(heart[0], heart[0], heart[0], heart[0], mm)).toEqual([]);
  });
});

describe('mammograms', () => {
  const mg = (id: string, view: string, laterality: string, orientation: string) => ({ id, view, laterality, orientation });
  const series = (id: string, images: ReturnType<typeof mg>[]) => ({
    id,
    modality: 'MG',
    number: 1,
    description: '',
    laterality: '',
    instance_count: images.length,
    frames: images.length,
    images,
  });
  it('four views of one series stand back to back', () => {
    const h = hang('MG', 'BREAST', [
      series('s', [mg('1', 'MLO', 'L', 'A\\F'), mg('2', 'CC', 'L', 'A\\R'), mg('3', 'MLO', 'R', 'P\\F'), mg('4', 'CC', 'R', 'P\\L')]),
    ]);
    expect(h.layout).toBe('2x2');
    expect(h.panes.map((p) => p?.instance)).toEqual(['4', '2', '3', '1']);
    expect(h.panes.every((p) => p && !p.mirror && p.turn === 0)).toBe(true);
    expect(unsided('MG', h.order)).toEqual([]);
  });
  it('a missing view leaves its place free', () => {
    const h = hang('MG', 'BREAST', [
      series('s', [mg('1', 'MLO', 'L', ''), mg('2', 'CC', 'L', ''), mg('3', 'MLO', 'R', ''), mg('4', 'MLO', 'R', '')]),
    ]);
    expect(h.panes.map((p) => p?.instance ?? null)).toEqual([null, '2', '3', '1']);
  });
  it('images stored the other way round are mirrored or turned', () => {
    expect(upright('R', true, 'P\\F')).toEqual({ mirror: false, turn: 0 });
    expect(upright('R', true, 'A\\F')).toEqual({ mirror: true, turn: 0 });
    expect(upright('L', false, 'P\\L')).toEqual({ mirror: false, turn: 180 });
    expect(upright('R', false, 'P\\R')).toEqual({ mirror: true, turn: 180 });
    expect(upright('L', true, '')).toEqual({ mirror: false, turn: 0 });
  });
});

describe('layouts a reader chose', () => {
  it('are read with care', () => {
    expect(readLayouts('{"CT|CHEST":"1x2","MR|":"mpr","X|":5}')).toEqual({ 'CT|CHEST': '1x2' });
    expect(readLayouts('[')).toEqual({});
    expect(readLayouts('null')).toEqual({});
  });
});

describe('priors', () => {
  const p = (id: string, study_date: string, modality: string, body_part: string, description = '') => ({
    id,
    study_date,
    modality,
    body_part,
    description,
  });
  it('same body region first, then modality, then the newest', () => {
    const all = [
      p('knee', '20260901', 'CT', 'KNEE'),
      p('film', '20260801', 'DX', 'CHEST'),
      p('old', '20250101', 'CT', 'THORAX'),
      p('new', '20260101', 'CT', '', '\u80f8\u90e8CT'),
    ];
    expect(rankPriors(all, { modality: 'CT', body_part: 'CHEST', description: '' }).map((x) => x.id)).toEqual([
      'new',
      'old',
      'film',
      'knee',
    ]);
  });
  it('the answering series: modality, description, size', () => {
    const s = (id: string, modality: string, description: string, frames: number) => ({
      id,
      modality,
      number: 1,
      description,
      laterality: '',
      instance_count: frames,
      frames,
    });
    const list = [s('scout', 'CT', 'Scout', 2), s('lung', 'CT', 'LUNG', 80), s('thin', 'CT', 'THIN', 300), s('sr', 'SR', '', 1)];
    expect(answering(list, s('now', 'CT', 'LUNG', 200))?.id).toBe('lung');
    expect(answering(list, s('now', 'CT', 'other', 200))?.id).toBe('thin');
    expect(answering([], null)).toBeNull();
    // A report is no answer to an image.
    expect(answering([{ ...s('sr', 'SR', '', 5), frames: 0 }], s('now', 'SR', '', 1))).toBeNull();
  });
});

describe('identity', () => {
  const a = { name: 'Wang^Xiao Dong', sex: 'M', birth_date: '19630210' };
  it('writes of one name are one name', () => {
    expect(quarrels(a, { ...a, name: '\uff37ang Xiaodong' })).toEqual([]);
    expect(quarrels(a, { name: '', sex: '', birth_date: '' })).toEqual([]);
  });
  it('each contradiction is told', () => {
    expect(quarrels(a, { name: 'Li', sex: 'F', birth_date: '19630211' })).toEqual(['name', 'sex', 'birth_date']);
    expect(quarrels(a, { ...a, sex: 'O' })).toEqual([]);
  });
});

describe('measuring by keyboard', () => {
  it('every measuring tool can be set by points', () => {
    for (const id of MEASURING) expect(POINTS[id], id).toBeGreaterThan(0);
  });
  it("two corners give the engine's handles", () => {
    const r = rectangleFrame(
      handlesOf('rectangle', [
        [10, 20],
        [40, 60],
      ]),
    );
    expect(r).toEqual({ o: [10, 20], u: [30, 0], v: [0, 40] });
    const e = ellipseFrame(
      handlesOf('ellipse', [
        [40, 60],
        [10, 20],
      ]),
    );
    expect(e).toEqual({ o: [25, 40], u: [15, 0], v: [0, 20] });
    expect(onImage([-3, 700], 512, 512)).toEqual([0, 512]);
  });
  it('kept measurements may be ratios', () => {
    const k = [{ id: 'a', kind: 'ctr', imageId: 'yg:1/1', points: [[1, 2]] }];
    expect(readKept(JSON.stringify(k))).toEqual(k);
  });
});

describe('keys', () => {
  const nothing = () => undefined;
  const all = imageKeys({
    pick: nothing,
    pane: () => null,
    state: EMPTY_STATE,
    stepSeries: nothing,
    relayout: nothing,
    byRule: nothing,
    nextPane: nothing,
    insert: nothing,
    remove: nothing,
    toViewer: nothing,
    cyclePanes: nothing,
    prior: nothing,
    link: nothing,
    mark: nothing,
    mpr: nothing,
    slab: nothing,
    solo: nothing,
  });
  it('no two actions share a key', () => {
    expect(conflicts(all.map((b) => ({ id: b.id, scope: 'imaging', keys: b.keys })))).toEqual([]);
  });
  it('have words in the catalogue', async () => {
    const { catalogue } = await import('../../../i18n');
    for (const b of all) expect(catalogue('zh-CN')[`key.${b.id}`], b.id).toBeDefined();
  });
});

describe('cine', () => {
  it('believes a plausible frame time, else 15 images a second', () => {
    expect(paceOf(40)).toBe(40);
    expect(paceOf(1)).toBe(66);
    expect(paceOf(null)).toBe(66);
  });
});
