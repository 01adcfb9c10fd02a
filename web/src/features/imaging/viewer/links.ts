// Leafing together and the lines that show where one image cuts another.

import type { Point } from './calibration';
import { crossing, depth, type ImagePlane, nearest, parallel, planeOfInstance, sameSpace, toImage } from './geometry';
import type { FrameRef, StackInstance, Triple } from './stack';

/** A pane as linking sees it. */
export interface Place {
  frames: readonly FrameRef[];
  index: number;
}

const planeAt = (p: Place): ImagePlane | null => {
  const f = p.frames[p.index];
  return f ? planeOfInstance(f.instance) : null;
};

/** How far `b` stands from `a` now: mm along b's normal between spaces that know nothing of each other, images without geometry. */
export function offsetOf(a: Place, b: Place): number {
  const [pa, pb] = [planeAt(a), planeAt(b)];
  if (pa && pb) return sameSpace(pa, pb) ? 0 : depth(pb, pb.normal) - depth(pa, pb.normal);
  return b.index - a.index;
}

/** The image of `b` that belongs to the one `a` shows; null when the two cannot be leafed together. */
export function follow(a: Place, b: Place, offset: number): number | null {
  const [pa, pb] = [planeAt(a), planeAt(b)];
  if (!pa || !pb) {
    if (pa || pb || b.frames.length < 2) return null;
    const to = Math.min(b.frames.length - 1, Math.max(0, a.index + offset));
    return setAt(b, to) === setAt(b, b.index) ? to : null;
  }
  if (!parallel(pa, pb)) return null;
  return imageAt(b, pb.normal, depth(pa, pb.normal) + offset);
}

/** Stack, point in time, b-value, echo: what sets images of one place apart. */
const setAt = (p: Place, index: number): string => p.frames[index]?.instance.set ?? '';

/** The nearest image of the set the pane shows: leafing never goes to another b-value, phase or echo. */
function imageAt(place: Place, normal: Triple, wanted: number): number | null {
  const set = setAt(place, place.index);
  const depths = place.frames.map((f) => {
    if ((f.instance.set ?? '') !== set) return null;
    const p = planeOfInstance(f.instance);
    return p && Math.abs(p.normal[0] * normal[0] + p.normal[1] * normal[1] + p.normal[2] * normal[2]) > 0.996 ? depth(p, normal) : null;
  });
  return nearest(depths, wanted);
}

/** The image of a pane that passes nearest to a point of the patient; null in another space. */
export function throughPoint(b: Place, at: Triple, space: string): number | null {
  const pb = planeAt(b);
  if (!pb || pb.space === '' || pb.space !== space) return null;
  return imageAt(b, pb.normal, at[0] * pb.normal[0] + at[1] * pb.normal[1] + at[2] * pb.normal[2]);
}

export interface Line {
  /** Pane whose image cuts here. */
  from: number;
  a: Point;
  b: Point;
}

/** Lines on the image of pane `on` where the images of `sources` cut it, in pixels. */
export function linesOn(on: StackInstance | null, sources: readonly { pane: number; instance: StackInstance | null }[]): Line[] {
  const plane = on ? planeOfInstance(on) : null;
  if (!plane) return [];
  const out: Line[] = [];
  for (const s of sources) {
    const other = s.instance ? planeOfInstance(s.instance) : null;
    if (!other || !sameSpace(plane, other)) continue;
    const cut = crossing(plane, other);
    if (cut) out.push({ from: s.pane, a: cut[0], b: cut[1] });
  }
  return out;
}

/** Where a point of the patient stands on an image, when the image passes within `reach` mm of it. */
export function pointOn(on: StackInstance | null, at: Triple, space: string, reach: number): Point | null {
  const plane = on ? planeOfInstance(on) : null;
  if (!plane || plane.space === '' || plane.space !== space) return null;
  const off = at[0] * plane.normal[0] + at[1] * plane.normal[1] + at[2] * plane.normal[2] - depth(plane, plane.normal);
  return Math.abs(off) <= reach ? toImage(plane, at) : null;
}
