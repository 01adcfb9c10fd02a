export { GrantDialog } from './GrantDialog';
export { ImageNotice } from './ImageNotice';
