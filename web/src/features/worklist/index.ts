export { LeaseContext, type LeaseView, useLease } from './lease';
