export { allPixels, type Draw, type DrawOptions, type Figure, type FigureStyle, figure } from './figure.ts';
export {
  blueRed,
  type Colours,
  colourAt,
  type FalseColourOptions,
  falseColours,
  magma,
  viridis,
  water,
} from './image/colours.ts';
export { encodeGif } from './image/gif.ts';
export { grey, type Image, imageOf, imagesOf, imageTensor, inColour, opaque } from './image/image.ts';
export { beside, difference, enlarged, type Panel, type PanelOptions, panels } from './image/pictures.ts';
export { decodePng, encodePng, type PngOptions } from './image/png.ts';
export { fromSrgb, toSrgb } from './image/srgb.ts';
export { type Marched, type MarchOptions, marchVolume, type RayBundle, type Volume } from './volume/volume.ts';
