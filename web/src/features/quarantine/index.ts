export { GrantDialog } from './GrantDialog';
export { ImageNotice } from './ImageNotice';
export type { Found } from './model';
export { StudyLine } from './QuarantinePage';
export { findQuery } from './queries';
