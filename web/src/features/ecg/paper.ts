// Paper of the ECG in millimetres: speed, gain, screen calibration. A speed and a gain are only true when a millimetre is one.

export type Speed = 12.5 | 25 | 50;
export type Gain = 5 | 10 | 20;
export const SPEEDS: readonly Speed[] = [12.5, 25, 50];
export const GAINS: readonly Gain[] = [5, 10, 20];

/** CSS pixels of a millimetre when the screen was never measured: 96 per inch, as CSS says, which no screen keeps. */
export const CSS_PX_PER_MM = 96 / 25.4;

const KEY = 'yg.px_per_mm';
/** ISO 7810 ID-1: a bank card or identity card. */
export const CARD_MM = { width: 85.6, height: 53.98 } as const;

export interface ScreenScale {
  pxPerMm: number;
  calibrated: boolean;
}

const plausible = (v: number): boolean => Number.isFinite(v) && v >= 1.5 && v <= 20;

/** The scale of this workstation. It is about the screen, not about a patient, so it may stay in the browser. */
export function screenScale(stored: string | null): ScreenScale {
  const v = Number(stored);
  return stored !== null && plausible(v) ? { pxPerMm: v, calibrated: true } : { pxPerMm: CSS_PX_PER_MM, calibrated: false };
}
export const readScreen = (): ScreenScale => screenScale(localStorage.getItem(KEY));
export const storeScreen = (pxPerMm: number): void => localStorage.setItem(KEY, pxPerMm.toFixed(4));
export const forgetScreen = (): void => localStorage.removeItem(KEY);

/** Millimetres along the paper for a time, and back. */
export const mmOfMs = (ms: number, speed: Speed): number => (ms * speed) / 1000;
export const msOfMm = (mm: number, speed: Speed): number => (mm * 1000) / speed;
/** Millimetres of deflection for a voltage, and back. */
export const mmOfUv = (uv: number, gain: Gain): number => (uv * gain) / 1000;
export const uvOfMm = (mm: number, gain: Gain): number => (mm * 1000) / gain;

/** Pixels a millimetre gets when the paper must fit a width; never more than three times true size. */
export function fitScale(availablePx: number, paperMm: number, truePxPerMm: number): number {
  if (!(availablePx > 0) || !(paperMm > 0)) return truePxPerMm;
  return Math.min(availablePx / paperMm, truePxPerMm * 3);
}

/** What speed and gain measure on this glass, for the line that admits a scaled paper. */
export const onGlass = (nominal: number, pxPerMm: number, screen: ScreenScale): number => (nominal * pxPerMm) / screen.pxPerMm;
