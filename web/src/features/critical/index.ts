export { AlertList } from './AlertList';
export { CallDialog } from './CallDialog';
export { CriticalInbox } from './CriticalInbox';
export { RaiseDialog } from './RaiseDialog';
