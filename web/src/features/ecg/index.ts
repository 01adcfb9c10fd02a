export { EcgPage } from './EcgPage';
