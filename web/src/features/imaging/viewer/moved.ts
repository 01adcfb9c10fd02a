// The part of a pane that turns, moves and measures its picture; what is shown is the business of pane.ts.

import type { RenderingEngine, Types } from '@cornerstonejs/core';
import type { Point } from './calibration';
import { Camera } from './camera';
import type { OpenOptions, PaneState } from './port';
import { Store } from './store';

export abstract class MovedPane {
  protected readonly store = new Store();
  protected options: OpenOptions | null = null;
  protected gone = false;
  protected readonly camera: Camera;

  constructor(
    readonly id: string,
    readonly element: HTMLDivElement,
    protected readonly engine: RenderingEngine,
    cpu: boolean,
  ) {
    this.camera = new Camera(() => this.viewport(), cpu);
  }

  protected viewport(): Types.IStackViewport {
    return this.engine.getViewport(this.id) as Types.IStackViewport;
  }

  state(): PaneState {
    return this.current;
  }

  subscribe(listener: () => void): () => void {
    return this.store.subscribe(listener);
  }

  protected get current(): PaneState {
    return this.store.state;
  }

  protected set(patch: Partial<PaneState>): void {
    this.store.set(patch);
  }

  protected measureZoom(): void {
    const { frame } = this.current;
    const seen = frame && !this.gone ? this.camera.measure(frame.imageId) : null;
    if (!seen) {
      // Letters of how another picture lay, or of how this one lay before, would be wrong ones.
      this.set({ axes: null });
      return;
    }
    const was = this.current.axes;
    const same = was && [...was.x, ...was.y].join() === [...seen.axes.x, ...seen.axes.y].join();
    this.set({ zoom: seen.zoom, axes: same ? was : seen.axes, moved: this.current.moved + 1 });
  }

  project(p: Point): Point | null {
    return this.current.frame ? this.camera.project(this.current.frame.imageId, p) : null;
  }

  unproject(at: Point): Point | null {
    return this.current.frame ? this.camera.unproject(this.current.frame.imageId, at) : null;
  }

  zoom(factor: number): void {
    this.camera.zoom(factor);
    this.measureZoom();
  }

  pan(dx: number, dy: number): void {
    this.camera.pan(dx * this.element.clientWidth, dy * this.element.clientHeight);
    this.measureZoom();
  }

  /** Mirrors what is on the screen, whatever the turn: mirror after turn(a) is turn(-a) after mirror. */
  flip(axis: 'h' | 'v'): void {
    const { flipHorizontal, rotation } = this.current;
    this.orient(!flipHorizontal, axis === 'h' ? -rotation : 180 - rotation);
  }

  rotate(degrees: 90 | -90): void {
    this.orient(this.current.flipHorizontal, this.current.rotation + degrees);
  }

  protected orient(mirrored: boolean, degrees: number): void {
    const rotation = this.camera.orient(mirrored, degrees);
    this.set({ flipHorizontal: mirrored, rotation });
    this.lean();
    this.measureZoom();
  }

  protected lean(): void {
    const { frame } = this.current;
    const side = this.options?.lean;
    if (side && frame) this.camera.lean(frame.imageId, frame.instance.cols, frame.instance.rows, side);
  }

  fit(): void {
    const { flipHorizontal, rotation } = this.current;
    this.viewport().resetCamera();
    this.orient(flipHorizontal, rotation);
  }

  actual(): void {
    if (this.current.zoom > 0) this.zoom(1 / this.current.zoom);
  }
}
