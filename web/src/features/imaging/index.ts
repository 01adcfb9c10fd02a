export { ImagingPage } from './ImagingPage';
export { warm } from './warm';
