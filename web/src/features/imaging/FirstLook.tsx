// The reading page while the item is being claimed: where the images will stand their previews stand already, with their words. Nothing
// can be done with them; the page itself takes the place as soon as the item is this person's or known to be somebody else's.
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { WorkItemDetail } from '../../api/types';
import { firstLook } from '../../ui/firstLook';
import { SplitPane } from '../../ui/SplitPane';
import { Loading } from '../../ui/State';
import { studyQuery } from './SeriesStrip';
import { StudyNotes } from './StudyNotes';
import { opening } from './useHanging';
import { panesOf } from './viewer/hanging';
import { quarrels } from './viewer/identity';
import { Viewport } from './viewer/Viewport';
import './imaging.css';

const nothing = () => undefined;

export function FirstLook({ item }: { item: WorkItemDetail }) {
  const looked = useQuery(studyQuery(item.subject));
  // What the cache still says of another patient is not shown: the corners would name them.
  const study = looked.data && looked.isFetching && quarrels(item.patient, looked.data.patient).length > 0 ? undefined : looked.data;
  useEffect(() => {
    // The engine comes after the picture: while it is read the page cannot draw.
    void firstLook()
      .then(() => import('./viewer/engine'))
      .catch(() => undefined);
  }, []);
  const { layout, panes } = study ? opening(study) : { layout: '1x1' as const, panes: [] };
  return (
    <SplitPane
      id="reading"
      right0={400}
      min={300}
      left={
        <div className="im" aria-busy="true">
          <div className="im-strip" />
          <div className="im-main">
            <div className="im-bar" />
            {study && <StudyNotes study={study} />}
            <div className="im-grid" data-layout={layout}>
              {study &&
                panes.slice(0, panesOf(layout)).map((hung, k) => (
                  <Viewport
                    // a pane is its place
                    key={k}
                    index={k}
                    port={null}
                    hung={hung}
                    active={k === 0}
                    onActivate={nothing}
                    onSolo={nothing}
                    onPane={nothing}
                    turn={0}
                    keyImage={false}
                  />
                ))}
            </div>
            <div className="im-list" />
          </div>
        </div>
      }
      right={<Loading />}
    />
  );
}
