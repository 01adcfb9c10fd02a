export { AmendDialog } from './AmendDialog';
export type { Done, ReadingPageProps, ReportEditorHandle, ReportEditorProps } from './port';
export { ReportEditor } from './ReportEditor';
