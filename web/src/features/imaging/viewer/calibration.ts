// What a distance on the image is worth. The one place that turns pixels into millimetres; every label carries its basis
// and without a basis the answer is pixels, never silent millimetres.
// Sources: PS3.3 10.7 (basic and projection calibration), C.8.5.5 (ultrasound regions), C.8.7.1.1 (ERMF).

import type { StackInstance, UsRegion } from './stack';

/** A point on the image in pixels: x to the right, y down, 0 = left or upper edge of the first pixel. */
export type Point = readonly [number, number];

export type Basis =
  | 'spacing' // Pixel Spacing in the patient
  | 'calibrated' // Pixel Spacing with Calibration Type GEOMETRY or FIDUCIAL
  | 'corrected' // Pixel Spacing differs from Imager Pixel Spacing, the way of correction is not told
  | 'ermf' // Imager Pixel Spacing over the radiographic magnification factor
  | 'detector' // in the detector plane, not corrected for magnification
  | 'us' // ultrasound region
  | 'axis' // M-mode or Doppler region: the axes have their own units
  | 'cross' // handles in different ultrasound regions
  | 'user' // calibrated by a person on a known length
  | 'none';

export type Unit = 'mm' | 'px' | 's' | 'Hz' | 'cm/s' | 'dB' | '%';

export interface Axis {
  unit: Unit;
  /** Units per pixel. */
  per: number;
}

export interface Calibration {
  basis: Basis;
  x: Axis;
  y: Axis;
}

/** A person's calibration of one instance, or of one ultrasound region of it; the file's values stay as they are. */
export interface UserCalibration {
  /** Millimetres per pixel to the right, and down: pixels are not square everywhere. */
  x: number;
  y: number;
  /** Index of the ultrasound region it was made in; null outside of any. */
  region: number | null;
}

const PX: Axis = { unit: 'px', per: 1 };
const pixels = (basis: Basis): Calibration => ({ basis, x: PX, y: PX });

const PATIENT_SPACE = new Set(['CT', 'MR', 'PT', 'NM']);
const PROJECTION = new Set(['CR', 'DX', 'MG', 'RF', 'XA', 'DR', 'IO', 'PX']);

/** Secondary captures of any kind: screens, renderings, scanned film. Their spacing is nominal, whatever modality they name (PS3.3 C.8.6). */
const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

const positive = (pair: readonly number[] | null | undefined): pair is [number, number] =>
  !!pair && pair.length >= 2 && Number.isFinite(pair[0]) && Number.isFinite(pair[1]) && (pair[0] ?? 0) > 0 && (pair[1] ?? 0) > 0;

/** DICOM spacing is [between rows, between columns] = [y, x]. */
const square = (basis: Basis, spacing: readonly [number, number], divide = 1): Calibration => ({
  basis,
  x: { unit: 'mm', per: spacing[1] / divide },
  y: { unit: 'mm', per: spacing[0] / divide },
});

// Physical Units codes of C.8.5.5.1.15; centimetres become millimetres.
const UNIT: Record<number, { unit: Unit; factor: number }> = {
  1: { unit: '%', factor: 1 },
  2: { unit: 'dB', factor: 1 },
  3: { unit: 'mm', factor: 10 },
  4: { unit: 's', factor: 1 },
  5: { unit: 'Hz', factor: 1 },
  7: { unit: 'cm/s', factor: 1 },
};

const inside = (r: UsRegion, p: Point): boolean => p[0] >= r.x0 && p[0] <= r.x1 + 1 && p[1] >= r.y0 && p[1] <= r.y1 + 1;

const area = (r: UsRegion): number => (r.x1 - r.x0 + 1) * (r.y1 - r.y0 + 1);

/** The smallest region that holds the point: regions may be nested (zoom inset). */
function regionAt(regions: readonly UsRegion[], p: Point): UsRegion | null {
  let best: UsRegion | null = null;
  for (const r of regions) if (inside(r, p) && (!best || area(r) < area(best))) best = r;
  return best;
}

function ultrasound(regions: readonly UsRegion[], points: readonly Point[]): Calibration {
  if (regions.length === 0 || points.length === 0) return pixels('none');
  const first = points[0];
  const region = first ? regionAt(regions, first) : null;
  for (const p of points) {
    const here = regionAt(regions, p);
    if (here !== region) return pixels('cross');
  }
  if (!region) return pixels('none');
  const ux = UNIT[region.unit_x];
  const uy = UNIT[region.unit_y];
  const dx = Math.abs(region.delta_x);
  const dy = Math.abs(region.delta_y);
  if (!ux || !uy || !(dx > 0) || !(dy > 0)) return pixels('none');
  const x: Axis = { unit: ux.unit, per: dx * ux.factor };
  const y: Axis = { unit: uy.unit, per: dy * uy.factor };
  if (region.spatial_format === 1 && region.unit_x === 3 && region.unit_y === 3) return { basis: 'us', x, y };
  return { basis: 'axis', x, y };
}

/** The region all points lie in: its index, null when none of them lies in one, undefined when they lie in different ones. */
export function commonRegion(i: StackInstance, points: readonly Point[]): number | null | undefined {
  const regions = i.us_regions ?? [];
  const at = new Set(points.map((p) => regionAt(regions, p)));
  if (at.size > 1) return undefined;
  const region = [...at][0] ?? null;
  return region === null ? null : regions.indexOf(region);
}

/** A person's calibration on a line of known length; null where a length in millimetres means nothing (M-mode, Doppler,
 * from one region into another) or the line has none. */
export function byKnownLength(modality: string, i: StackInstance, a: Point, b: Point, mm: number): UserCalibration | null {
  const region = commonRegion(i, [a, b]);
  const { basis } = calibrate(modality, i, [a, b]);
  if (region === undefined || basis === 'axis' || !(mm > 0)) return null;
  // The shape of a pixel is the file's, its size is what is measured.
  const r = region === null ? undefined : i.us_regions?.[region];
  const shape = r && r.delta_x !== 0 ? Math.abs(r.delta_y / r.delta_x) : pixelAspect(i);
  const tall = Number.isFinite(shape) && shape > 0 ? shape : 1;
  const length = Math.hypot(b[0] - a[0], (b[1] - a[1]) * tall);
  return length > 0 ? { x: mm / length, y: (mm * tall) / length, region } : null;
}

/** The calibration that holds for these handles of this instance. */
export function calibrate(
  modality: string,
  i: StackInstance,
  points: readonly Point[],
  users: readonly UserCalibration[] = [],
): Calibration {
  const region = users.length > 0 ? commonRegion(i, points) : undefined;
  const user = users.find((u) => u.region === region);
  if (user) return square('user', [user.y, user.x]);
  if (modality === 'US' || modality === 'IVUS') return ultrasound(i.us_regions ?? [], points);
  if (i.sop_class.startsWith(SECONDARY_CAPTURE)) return pixels('none');
  if (PATIENT_SPACE.has(modality)) {
    return positive(i.pixel_spacing) ? square('spacing', i.pixel_spacing) : pixels('none');
  }
  if (PROJECTION.has(modality)) return projection(i);
  return pixels('none');
}

function projection(i: StackInstance): Calibration {
  const type = (i.calibration_type ?? '').trim().toUpperCase();
  const own = positive(i.pixel_spacing) ? i.pixel_spacing : null;
  const detector = positive(i.imager_spacing) ? i.imager_spacing : null;
  if (own && (type === 'GEOMETRY' || type === 'FIDUCIAL')) return square('calibrated', own);
  const differs = (k: 0 | 1) => !!own && !!detector && Math.abs(own[k] - detector[k]) > 1e-6 * detector[k];
  if (own && (differs(0) || differs(1))) return square('corrected', own);
  const plane = detector ?? own;
  if (!plane) return pixels('none');
  const m = i.magnification;
  // Only what was measured at the detector is divided: a Pixel Spacing alone may be in the plane of the object already.
  if (detector && m != null && Number.isFinite(m) && m > 0) return square('ermf', detector, m);
  return square('detector', plane);
}

/** Aspect of a pixel (height over width) for display; 1 without any spacing. */
export function pixelAspect(i: StackInstance): number {
  const s = positive(i.pixel_spacing) ? i.pixel_spacing : positive(i.imager_spacing) ? i.imager_spacing : null;
  return s ? s[0] / s[1] : 1;
}
