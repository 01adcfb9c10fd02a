import { SplitPane } from '../../ui/SplitPane';
import { type ReadingPageProps, ReportEditor } from '../report';

export function ImagingPage({ item, onDone }: ReadingPageProps) {
  return <SplitPane id="reading" left={<div className="grow" />} right={<ReportEditor item={item} onDone={onDone} />} />;
}
