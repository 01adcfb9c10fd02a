// How the picture of a pane is turned, mirrored, zoomed and moved, and where a pixel of it stands on the screen.

import type { Types } from '@cornerstonejs/core';
import type { Point } from './calibration';
import type { Axes } from './geometry';
import { type FrameMeta, metaOf, toPixel, toWorld } from './metadata';

/** How large the picture is drawn, and which point of it stands in the middle. */
export interface View {
  scale: number;
  middle: Point;
}

export class Camera {
  constructor(
    private readonly viewport: () => Types.IStackViewport,
    private readonly cpu: boolean,
  ) {}

  /** What is known of a frame while the viewport shows it: it stays there when the memory has given it up. */
  private shown(imageId: string): FrameMeta | undefined {
    const meta = metaOf(imageId);
    // None before the first image, and no viewport after the last.
    const viewport: Types.IStackViewport | undefined = this.viewport();
    const image: Types.IImage | undefined = viewport?.getCornerstoneImage();
    return meta && image && metaOf(image.imageId) === meta ? meta : undefined;
  }

  /** Zoom and place of a frame, to be found again when it is set up anew. */
  view(imageId: string): View | null {
    const { element } = this.viewport();
    const middle = this.unproject(imageId, [element.clientWidth / 2, element.clientHeight / 2]);
    const scale = this.viewport().getCamera().parallelScale;
    return middle && scale ? { scale, middle } : null;
  }

  /** Back to a view of before. */
  look(imageId: string, view: View): void {
    const vp = this.viewport();
    vp.setCamera({ parallelScale: view.scale });
    const at = this.project(imageId, view.middle);
    if (at) this.pan(vp.element.clientWidth / 2 - at[0], vp.element.clientHeight / 2 - at[1]);
  }

  /** One canonical order, mirror first and then turn: both drawing paths agree on it, other orders they do not. */
  orient(mirrored: boolean, degrees: number): number {
    const vp = this.viewport();
    const rotation = ((degrees % 360) + 360) % 360;
    const turn = (angle: number) => vp.setViewPresentation({ rotation: angle } as never);
    turn(0);
    vp.setCamera({ flipHorizontal: mirrored, flipVertical: false });
    turn(rotation);
    if (this.cpu) vp.setCamera({});
    vp.render();
    return rotation;
  }

  /** Larger (above 1) or smaller by a factor. */
  zoom(factor: number): void {
    const vp = this.viewport();
    const { parallelScale } = vp.getCamera();
    if (parallelScale && factor > 0) vp.setCamera({ parallelScale: parallelScale / factor });
    vp.render();
  }

  /** Moves the picture on the screen by CSS pixels. */
  pan(dx: number, dy: number): void {
    const vp = this.viewport();
    const [from, to] = [vp.canvasToWorld([0, 0]), vp.canvasToWorld([dx, dy])];
    const { focalPoint, position } = vp.getCamera();
    if (!focalPoint || !position) return;
    // The engine's own setPan takes patient millimetres for pixels on the CPU path; the focal point is understood by both.
    const moved = (p: Types.Point3): Types.Point3 => [p[0] - to[0] + from[0], p[1] - to[1] + from[1], p[2] - to[2] + from[2]];
    vp.setCamera({ focalPoint: moved(focalPoint), position: moved(position) });
    vp.render();
  }

  /** Moves the picture so that its edge stands at the edge of the pane. */
  lean(imageId: string, cols: number, rows: number, side: 'left' | 'right'): void {
    const [a, b] = [this.project(imageId, [0, rows / 2]), this.project(imageId, [cols, rows / 2])];
    if (!a || !b) return;
    const wide = this.viewport().element.clientWidth;
    this.pan(side === 'left' ? -Math.min(a[0], b[0]) : wide - Math.max(a[0], b[0]), 0);
  }

  project(imageId: string, p: Point): Point | null {
    const meta = this.shown(imageId);
    if (!meta) return null;
    try {
      const [x, y] = this.viewport().worldToCanvas(toWorld(meta.plane, p, !this.cpu));
      return Number.isFinite(x) && Number.isFinite(y) ? [x, y] : null;
    } catch {
      return null; // the viewport has no image yet
    }
  }

  unproject(imageId: string, at: Point): Point | null {
    const meta = this.shown(imageId);
    if (!meta) return null;
    try {
      const p = toPixel(meta.plane, this.viewport().canvasToWorld([at[0], at[1]]), !this.cpu);
      return Number.isFinite(p[0]) && Number.isFinite(p[1]) ? p : null;
    } catch {
      return null;
    }
  }

  /** Screen pixels for one image pixel, and the directions of its axes. */
  measure(imageId: string): { zoom: number; axes: Axes } | null {
    const o = this.project(imageId, [0, 0]);
    const x = this.project(imageId, [100, 0]);
    const y = this.project(imageId, [0, 100]);
    if (!o || !x || !y) return null;
    const way = (to: Point): Point => {
      const n = Math.hypot(to[0] - o[0], to[1] - o[1]) || 1;
      const exact = (v: number) => Math.round((v / n) * 1000) / 1000;
      return [exact(to[0] - o[0]), exact(to[1] - o[1])];
    };
    const zoom = Math.hypot(x[0] - o[0], x[1] - o[1]) / 100;
    return zoom > 0 ? { zoom: Math.round(zoom * 1000) / 1000, axes: { x: way(x), y: way(y) } } : null;
  }
}
