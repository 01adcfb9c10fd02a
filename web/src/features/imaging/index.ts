export { FirstLook } from './FirstLook';
export { ImagingPage } from './ImagingPage';
export { warm } from './warm';
