export { type Camera, project } from './camera/camera.ts';
export {
  type FisheyeOptions,
  fisheye,
  type Lens,
  type LensKind,
  type LensOptions,
  type OrthographicOptions,
  orthographic,
  type PerspectiveOptions,
  perspective,
} from './camera/lens.ts';
export { lookAt } from './camera/look-at.ts';
export { compose, inverse, local, type Pose, rigid, rotate } from './camera/pose.ts';
export { type Rays, rays } from './camera/rays.ts';
export { type AntialiasOptions, antialias } from './edges/antialias.ts';
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
export { decodeImage } from './image/decode.ts';
export { type DecodeExrOptions, decodeExr } from './image/exr/decode.ts';
export { type EncodeExrOptions, encodeExr } from './image/exr/encode.ts';
export { type FieldImageOptions, fieldImage } from './image/field.ts';
export { encodeGif } from './image/gif.ts';
export { decodeHdr } from './image/hdr.ts';
export { grey, type Image, imageOf, imagesOf, imageTensor, inColour, opaque } from './image/image.ts';
export { decodeJpeg } from './image/jpeg.ts';
export { beside, difference, enlarged, type Panel, type PanelOptions, panels } from './image/pictures.ts';
export { decodePng, encodePng, type PngOptions } from './image/png.ts';
export { fromSrgb, toSrgb } from './image/srgb.ts';
export { edgeLengthLoss, flatteningLoss, laplacianLoss } from './loss/mesh.ts';
export { huber, type LossOptions, l1, l2, psnr } from './loss/pixels.ts';
export { gaussianPyramid, type PyramidOptions, pyramidLoss } from './loss/pyramid.ts';
export { ssim } from './loss/ssim.ts';
export { depthLoss, iou, normalLoss } from './loss/surface.ts';
export {
  cubeFromLatLong,
  cubeOf,
  latLongFromCube,
  latLongOf,
  latLongTexture,
  type MapOptions,
  mapOf,
} from './maps/maps.ts';
export {
  type CheckerOptions,
  checker,
  type NoiseOptions,
  noise,
  type PatternOptions,
  type UvTestOptions,
  uvTest,
  type ZonePlateOptions,
  zonePlate,
} from './maps/patterns.ts';
export { type SkyOptions, skyLight } from './maps/sky.ts';
export { type Lamp, type StudioOptions, studioLight } from './maps/studio.ts';
export {
  depth,
  type InterpolateOptions,
  interpolate,
  interpolateWithFootprint,
  mask,
  type WithFootprint,
  weights,
} from './raster/interpolate.ts';
export { type Raster, type RasterOptions, rasterize } from './raster/rasterize.ts';
export type { Cull } from './raster/setup.ts';
export { distanceField, type Field, type FieldFamily, gridField } from './sdf/field.ts';
export { drawField, type SeenSurface, type TraceOptions, traceField } from './sdf/surface.ts';
export { brdfText, unitText } from './shade/brdf.wgsl.ts';
export { type Environment, environment, shadeUnder } from './shade/environment.ts';
export { type LightKind, polygonText, rectangleText, sphereText } from './shade/lights.wgsl.ts';
export { faceNormals, flatNormals, type NormalOptions, vertexNormals } from './shade/normals.ts';
export { type Light, type LitSurface, type Material, shade } from './shade/shade.ts';
export { sh9Irradiance, sh9Of } from './shade/spherical-harmonics.ts';
export { type ShadowOptions, shadow } from './shadow/shadow.ts';
export { drawGaussians, type Gaussians2d, type SplatImage, type SplatOptions } from './splat/ellipses.ts';
export { drawSplats, type Gaussians } from './splat/gaussians.ts';
export { harmonicColour } from './splat/harmonics.ts';
export { allPixels, type Draw, type DrawOptions, type Figure, type FigureStyle, figure } from './strokes/figure.ts';
export { bezier, Lines, lines } from './strokes/lines.ts';
export { drawStrokes, drawStrokesIn, type StrokeImage, type StrokeOptions, type Strokes } from './strokes/strokes.ts';
export { type CubeTextureOptions, cubeDirections, cubeTexture } from './texture/cube.ts';
export { type MipMap, mipMap } from './texture/mip.ts';
export { type Filter, type TextureOptions, texture, type Wrap } from './texture/texture.ts';
export { type Marched, type MarchOptions, marchVolume, type RayBundle, type Volume } from './volume/volume.ts';
