// The reading page: images left, report right, one screen. The route holds the lease and shows the patient.
import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { SplitPane } from '../../ui/SplitPane';
import { FaultNote, Loading } from '../../ui/State';
import { type ReadingPageProps, ReportEditor, type ReportEditorHandle } from '../report';
import { Images } from './Images';
import { studyQuery } from './SeriesStrip';
import { forgetKept } from './viewer/keep';
import './imaging.css';

export function ImagingPage(props: ReadingPageProps) {
  // Another item is another reading: the engine, the cache and the measurements of the one before are gone with it.
  return <Reading key={props.item.id} {...props} />;
}

function Reading({ item, onDone }: ReadingPageProps) {
  const editor = useRef<ReportEditorHandle>(null);
  const study = useQuery(studyQuery(item.subject));
  return (
    <SplitPane
      id="reading"
      right0={400}
      min={300}
      left={
        study.data ? (
          <Images item={item} study={study.data} editor={editor} canInsert={item.may.write || item.may.submit || item.may.sign} />
        ) : study.isError ? (
          <div className="state">
            <FaultNote error={study.error} retry={() => void study.refetch()} />
          </div>
        ) : (
          <Loading />
        )
      }
      right={
        <ReportEditor
          item={item}
          onDone={(what, then) => {
            forgetKept(item.id);
            onDone(what, then);
          }}
          insertRef={editor}
        />
      }
    />
  );
}
