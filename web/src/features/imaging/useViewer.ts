// The engine of the page: started once from its lazy chunk, disposed with the page, its measurements followed.
import { useEffect, useRef, useState } from 'react';
import { picture } from '../../api/client';
import { useWords } from '../../i18n';
import { firstLook } from '../../ui/firstLook';
import { keeperOf } from './viewer/keep';
import type { Measurement, ViewerPort } from './viewer/port';
import { labelWords } from './words';

/** A workstation may fix the drawing mode (faulty driver, tests). About the PC, not about a patient. */
function forcedMode(): 'cpu' | 'gpu' | undefined {
  const told = localStorage.getItem('yg.render');
  return told === 'cpu' || told === 'gpu' ? told : undefined;
}

/** Loads the lazy chunk and starts the engine once; disposes it with the page. */
export function useViewer(item: string): { port: ViewerPort | null; failed: boolean } {
  const { t, language } = useWords();
  const [port, setPort] = useState<ViewerPort | null>(null);
  const [failed, fail] = useState(false);
  const words = useRef(labelWords(t));
  words.current = labelWords(t);
  useEffect(() => {
    let gone = false;
    let made: ViewerPort | null = null;
    firstLook()
      .then(() => import('./viewer/engine'))
      .then((m) =>
        m.startViewer({
          fetch: picture,
          labels: words.current,
          force: forcedMode(),
          keeper: keeperOf(item),
        }),
      )
      .then((p) => {
        if (gone) p.dispose();
        else {
          made = p;
          setPort(p);
        }
      })
      .catch(() => !gone && fail(true));
    return () => {
      gone = true;
      made?.dispose();
    };
  }, [item]);
  useEffect(() => port?.labels(words.current), [port, language]);
  return { port, failed };
}

export function useMeasurements(port: ViewerPort | null): readonly Measurement[] {
  const [list, setList] = useState<readonly Measurement[]>([]);
  useEffect(() => {
    if (!port) return;
    return port.onMeasurements(() => setList(port.measurements()));
  }, [port]);
  return list;
}
