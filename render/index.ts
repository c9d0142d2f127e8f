export { allPixels, type Draw, type DrawOptions, type Figure, type FigureStyle, figure } from './figure.ts';
export { encodeGif } from './gif.ts';
export { beside, decodePng, difference, encodePng, type Image } from './image.ts';
