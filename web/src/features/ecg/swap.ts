// "As if the electrodes were exchanged": the leads a corrected recording would have shown. A preview; nothing is stored.
import type { Group, Lead } from './model';

export type SwapKind = 'ra_la' | 'ra_ll' | 'la_ll' | `v${number}_v${number}`;

/** Exchanges of limb electrodes that can be undone exactly, as where each lead comes from and with which sign. */
const LIMB: Record<'ra_la' | 'ra_ll' | 'la_ll', Record<string, [from: string, sign: 1 | -1]>> = {
  ra_la: { I: ['I', -1], II: ['III', 1], III: ['II', 1], aVR: ['aVL', 1], aVL: ['aVR', 1] },
  ra_ll: { I: ['III', -1], II: ['II', -1], III: ['I', -1], aVR: ['aVF', 1], aVF: ['aVR', 1] },
  la_ll: { I: ['II', 1], II: ['I', 1], III: ['III', -1], aVL: ['aVF', 1], aVF: ['aVL', 1] },
};

/** Exchanges offered on the page. With the right leg in play (RA/RL, LA/RL) a lead is lost and nothing can be shown. */
export const SWAPS: readonly SwapKind[] = ['ra_la', 'ra_ll', 'la_ll', 'v1_v2', 'v2_v3', 'v3_v4', 'v4_v5', 'v5_v6', 'v1_v3', 'v1_v6'];

export const isSwap = (kind: string): kind is SwapKind => kind in LIMB || /^v[1-6]_v[1-6]$/.test(kind);

/** `RA/LA`, `V1/V2`. */
export const swapName = (kind: string): string => kind.toUpperCase().replace('_', '/');

/** The group as it would be with the two electrodes exchanged. Leads outside the exchange are the very same samples. */
export function exchanged(g: Group, kind: SwapKind): Group {
  const by = (name: string) => g.leads.find((l) => l.name.toUpperCase() === name.toUpperCase());
  const map: Record<string, [string, 1 | -1]> = { ...(LIMB[kind as keyof typeof LIMB] ?? {}) };
  const chest = /^v([1-6])_v([1-6])$/.exec(kind);
  if (chest) {
    map[`V${chest[1]}`] = [`V${chest[2]}`, 1];
    map[`V${chest[2]}`] = [`V${chest[1]}`, 1];
  }
  const leads = g.leads.map((lead): Lead => {
    const rule = Object.entries(map).find(([name]) => name.toUpperCase() === lead.name.toUpperCase())?.[1];
    const from = rule && by(rule[0]);
    if (!rule || !from) return lead;
    return { name: lead.name, uv: rule[1] === 1 ? from.uv : from.uv.map((v) => -v) };
  });
  return { ...g, leads };
}
