// Slices that are missing from a stack. Pure.

import { depth, dot, planeOfInstance } from './geometry';
import type { FrameRef, Triple } from './stack';

/** A place where slices are missing: positions of its two neighbours as the corner tells them, mm, and about how many are not there. */
export interface Gap {
  from: number;
  to: number;
  missing: number;
}

/** Fewer distances tell nothing of what is usual. */
const LEAST = 3;
/** Distances on either side of one that are asked what is usual: a protocol may change its slice distance on the way. */
const AROUND = 4;
/** Times the usual distance. Between here and 1 the slices are uneven, which only cuts must know. */
const WIDE = 1.5;

/** Two images at one place (mm) are one slice. */
const SAME = 1e-3;

interface Run {
  set: string;
  normal: Triple;
  depths: number[];
}

/** Slices that belong together: one set, one direction. */
function runsOf(frames: readonly FrameRef[]): Run[] {
  const runs: Run[] = [];
  for (const { instance: i } of frames) {
    const plane = planeOfInstance(i);
    if (!plane) continue;
    const set = i.set ?? '';
    let run = runs.find((r) => r.set === set && dot(r.normal, plane.normal) > 0.9999);
    if (!run) {
      run = { set, normal: plane.normal, depths: [] };
      runs.push(run);
    }
    run.depths.push(depth(plane, plane.normal));
  }
  return runs;
}

/** The usual distance around the one at `k`; where it changes, the larger one. */
function usual(distances: readonly number[], k: number): number {
  const around = [...distances.slice(Math.max(0, k - AROUND), k), ...distances.slice(k + 1, k + 1 + AROUND)].sort((a, b) => a - b);
  return around[around.length >> 1] ?? 0;
}

/** Where slices are missing, along each direction from low to high; the same place of several sets once. */
export function gapsOf(frames: readonly FrameRef[]): Gap[] {
  const out = new Map<string, Gap>();
  for (const { depths } of runsOf(frames)) {
    const at = [...depths].sort((a, b) => a - b).filter((d, k, all) => k === 0 || d - (all[k - 1] ?? 0) > SAME);
    const distances = at.slice(1).map((d, k) => d - (at[k] ?? 0));
    if (distances.length < LEAST) continue;
    distances.forEach((d, k) => {
      const step = usual(distances, k);
      const [from, to] = [at[k] ?? 0, at[k + 1] ?? 0];
      if (d > WIDE * step) out.set(`${from.toFixed(1)} ${to.toFixed(1)}`, { from, to, missing: Math.max(1, Math.round(d / step) - 1) });
    });
  }
  return [...out.values()];
}
