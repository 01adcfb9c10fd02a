// The paper of the patient's previous recording, below the present one and at the same scale.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useWords } from '../../i18n';
import { FaultNote, Loading } from '../../ui/State';
import { EcgCanvas } from './EcgCanvas';
import { type Filters, inks } from './filters';
import { type LayoutName, plan, sheetMs, withTurnedAvr } from './layout';
import { useLines } from './lines';
import { rhythmOf } from './model';
import type { Gain, Speed } from './paper';
import { recordQuery, waveQuery } from './wave';

interface Props {
  id: string;
  title: string;
  layout: LayoutName;
  speed: Speed;
  gain: Gain;
  filters: Filters;
  pxPerMm: number;
  heightMm: number;
}

const nothing = () => undefined;

export function Previous({ id, title, layout, speed, gain, filters, pxPerMm, heightMm }: Props) {
  const { t } = useWords();
  const lines = useLines();
  const record = useQuery(recordQuery(id));
  const wave = useQuery(waveQuery(id));
  const drawn = useMemo(() => {
    const recorded = wave.data ? rhythmOf(wave.data) : null;
    if (!recorded) return null;
    const group = layout === 'cabrera' ? withTurnedAvr(recorded) : recorded;
    return {
      group,
      drawing: plan(group, { layout, speed, gain, heightMm }),
      inks: inks(group, filters, 0, sheetMs(group, speed)),
    };
  }, [wave.data, layout, speed, gain, heightMm, filters]);
  return (
    <div className="ecg-old">
      <h2>{title}</h2>
      {(record.isPending || wave.isPending) && !wave.isError && <Loading />}
      {wave.isError && <FaultNote error={wave.error} retry={() => void wave.refetch()} />}
      {drawn && record.data && (
        <EcgCanvas
          {...drawn}
          pxPerMm={pxPerMm}
          speed={speed}
          gain={gain}
          beats={[]}
          head={lines.head(record.data)}
          foot={lines.foot(record.data, layout, speed, gain, drawn.group.rate, filters)}
          label={t('ecg.paper_label', { layout, speed, gain })}
          caliperOn={false}
          marchOut={false}
          caliper={null}
          setCaliper={nothing}
          end="b"
          setEnd={nothing}
        />
      )}
    </div>
  );
}
