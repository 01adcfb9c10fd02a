// What the report editor offers to the pages that mount it (images, ECG). Kept apart so that those pages compile against words, not code.
import type { RefObject } from 'react';
import type { Sections, TextSection, WorkItemDetail } from '../../api/types';

export interface ReportEditorHandle {
  /** Puts text at the caret of a section (default: the one last used, else findings) as if typed. */
  insert: (text: string, section?: TextSection) => void;
  /** Replaces the chosen ECG statements and the lines they stand for in the impression. */
  setStatements: (statements: { code: string; text: string }[]) => void;
  /** Opens the critical call, as its key does. */
  raise: () => void;
  /** Moves the focus into the text. */
  focus: () => void;
}

export type Done = 'submitted' | 'signed' | 'returned' | 'sent_back' | 'released' | 'skipped' | 'cancelled';

export interface ReportEditorProps {
  item: WorkItemDetail;
  /** After the server has said yes. `then` = what the person asked for: the next item, or back to the list. */
  onDone: (what: Done, then: 'next' | 'list') => void;
  insertRef?: RefObject<ReportEditorHandle | null>;
  /** Each change of the text, for pages that show a summary of it (ECG statements). */
  onSections?: (sections: Sections) => void;
}

/** What the reading route hands to the image and ECG pages. The lease is held by the route; the editor reads it by itself. */
export interface ReadingPageProps {
  item: WorkItemDetail;
  onDone: ReportEditorProps['onDone'];
}
