export { ImagingPage } from './ImagingPage';
