import { describe, expect, it } from 'vitest';
import { offerOf } from './OutsideViewers';

describe('viewers outside', () => {
  const links = { viewers: ['weasis' as const], missing: { ohif: 'imaging.ohif_url' }, rows: [] };
  it('opens what is configured and names the setting of what is not', () => {
    expect(offerOf('weasis', links)).toEqual({ opens: true, setting: null });
    expect(offerOf('ohif', links)).toEqual({ opens: false, setting: 'imaging.ohif_url' });
  });
  it('offers nothing before the server has said what there is', () => {
    expect(offerOf('ohif', undefined)).toEqual({ opens: false, setting: null });
  });
});
