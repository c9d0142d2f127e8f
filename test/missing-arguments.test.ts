// What is not given, misspelt or in another order is named, by whoever reads it.

import { boxMesh, isosurface, readObj, writeXyz } from 'retrograde/geometry';
import { tensor, zeros } from 'retrograde/kernel';
import {
  articulated,
  cloth,
  elasticSolid,
  lame,
  massSpring,
  mjcf,
  mpm,
  pointsIn,
  rigidBodies,
  box as rigidBox,
  tree,
} from 'retrograde/physics';
import {
  antialias,
  beside,
  cubeTexture,
  decodePng,
  depth,
  distanceField,
  drawField,
  drawGaussians,
  drawSplats,
  drawStrokes,
  drawStrokesIn,
  encodePng,
  environment,
  flatNormals,
  interpolate,
  l2,
  lines,
  lookAt,
  mapOf,
  marchVolume,
  mipMap,
  perspective,
  project,
  rasterize,
  rays,
  rigid,
  shade,
  shadeUnder,
  shadow,
  texture,
  traceField,
} from 'retrograde/render';
import { adam } from 'retrograde/solvers';
import { coordinates } from 'retrograde/sparse';
import { expect, it } from 'vitest';

/** A function as JavaScript sees it, which checks no types. */
const untyped = (f: unknown) => f as (...given: unknown[]) => unknown;
const box = boxMesh([1, 1, 1]);
const size = [8, 8];
const camera = { lens: perspective({ fovY: 1, size: [8, 8], near: 0.1, far: 9 }), pose: lookAt([0, 0, 3], [0, 0, 0]) };
const clip = project(camera, box.vertices);
const raster = rasterize(clip, box.triangles, { size: [8, 8] });
const path = lines(2, [[0, 1]]);
const ball = distanceField('fn distance(p: vec3f) -> f32 { return length(p) - 1.0; }')({});
const image = tensor(new Float32Array(192), [8, 8, 3]);

it.each<[unknown, unknown[], RegExp]>([
  [adam, [0.1], /^adam: the options are 0\.1; give a record, of 'rate', /],
  [perspective, [], /^perspective: the options are undefined; /],
  [
    lookAt,
    [[0, 0, 3]],
    /^lookAt: target is undefined; give three numbers, \[x, y, z\], or a tensor of shape \[3\] or \[B, 3\]\.$/,
  ],
  [
    rigid,
    [{ position: tensor([0, 0, 0]) }, box.vertices],
    /^rigid: the pose has no 'orientation'; give a record with /,
  ],
  [readObj, [7], /^readObj: the file is 7; give its text or its bytes\.$/],
  [writeXyz, [{}], /^writeXyz: a frame has no 'species'; /],
  [project, [camera.pose, box.vertices], /^project: the camera has no 'lens'; /],
  [rasterize, [clip, tensor([0, 1, 2], [1, 3]), { size }], /^rasterize: the list of triangles has no 'vertices'; /],
  [interpolate, [clip, raster, { values: image }], /^interpolate: the raster has no /],
  [interpolate, [raster, clip, { values: image }], /^interpolate: the attribute has no 'corners'; /],
  [antialias, [image, clip, raster], /^antialias: the raster has no 'triangles'; /],
  [antialias, [undefined, raster, clip], /^antialias: the image is undefined; for this raster give f32, /],
  [depth, [clip, raster], /^depth: the raster has no /],
  [flatNormals, [box.vertices], /^flatNormals: the list of triangles is undefined; /],
  [l2, [image], /^l2: one of the two images is undefined; give tensors\.$/],
  [drawSplats, [camera, { means: image }], /^drawSplats: the set of Gaussians has no 'mean'; /],
  [drawGaussians, [{ centre: image }, size], /^drawGaussians: the set of Gaussians has no 'scale'; /],
  [drawStrokes, [undefined, { points: image }, size], /^drawStrokes: the set of lines is undefined; /],
  [drawStrokesIn, [camera.lens, path, {}], /^drawStrokesIn: the camera has no 'lens'; /],
  [drawStrokesIn, [camera, path, { points: image }], /^drawStrokesIn: the set of strokes has no 'width'; /],
  [rays, [camera.pose], /^rays: the camera has no 'lens'; /],
  [marchVolume, [{ corners: [] }, rays(camera), { step: 1 }], /^marchVolume: the volume has no 'density'; /],
  [marchVolume, [{ density: image, corners: [] }, camera, { step: 1 }], /^marchVolume: the bundle of rays has no /],
  [traceField, [undefined, rays(camera)], /^traceField: the field is undefined; /],
  [drawField, [ball, rays(camera)], /^drawField: shade is undefined; give a function from /],
  [drawField, [ball, camera, () => image], /^traceField: the bundle of rays has no 'origin'; /],
  [decodePng, ['a.png'], /^decodePng: the file is 'a\.png'; give its bytes\.$/],
  [encodePng, [image], /^encodePng: the picture has no 'width'; /],
  [beside, [image], /^beside: the pictures are a tensor of shape /],
  [mapOf, [8, () => image], /^mapOf: the size is 8; give \[width, height\]\.$/],
  [texture, [undefined, image], /^texture: uv is a tensor of shape \[8, 8, 3\]; /],
  [texture, [undefined, zeros([4, 2])], /^texture: the map is undefined; give a tensor, or a mipMap of it\.$/],
  [texture, [image], /^texture: uv is undefined; /],
  [mipMap, [raster], /^mipMap: the texture is an object; /],
  [cubeTexture, [image], /^cubeTexture: direction is undefined; /],
  [environment, [], /^environment: the map is undefined; /],
  [shade, [image, {}, []], /^shade: the surface has no 'normal'; /],
  [shade, [{ normal: image }, { kind: 'lambert' }], /^shade: a light is undefined; /],
  [shade, [{ normal: image }, { kind: 'lambert' }, [{}]], /^shade: a light has no 'kind'; /],
  [shadeUnder, [{ normal: image }, undefined], /^shadeUnder: the material is undefined; /],
  [shadow, [camera, box, undefined], /^shadow: the record of places is undefined; /],
  [shadow, [camera, box.vertices, { value: image }], /^shadow: what casts shadows has no 'vertices'; /],
  [massSpring, [2], /^massSpring: the springs are undefined; give a list of pairs of nodes/],
  [mpm, [{ nodes: [9, 9], spacing: 0.1 }], /^mpm: what is given has no 'matter'; /],
  [rigidBodies, [{}], /^rigidBodies: what is given has no 'bodies'; /],
  [tree, [{ name: 'arm' }], /^tree: what is given has no 'links'; /],
  [mjcf, [], /^mjcf: the file is undefined; give its text, which is XML\.$/],
  [mjcf, ['robot.xml'], /^mjcf: the file is 'robot\.xml'; give its text, which is XML\.$/],
  [articulated, ['<mujoco/>'], /^articulated: the model is '<mujoco\/>'; give a record with 'links', 'joints'\.$/],
  [elasticSolid, [box], /^elasticSolid: the mesh has no 'dimension'; /],
  [rigidBox, [1, 1, 1], /^box: the half sizes are 1; give a list of 3 lengths, m\.$/],
  [lame, [1e6, 0.3], /^lame: E is 1000000; give a tensor, or numbers to lameConstants\.$/],
  [pointsIn, [1, 2, 0.1], /^pointsIn: the box is from 1 to 2; give two corners, /],
  [coordinates, [3, [0], [0]], /^coordinates: the size is 3; give \[rows, columns\], /],
  [isosurface, [image], /^isosurface: the grid has no 'counts'; /],
  [cloth, [box.vertices], /^cloth: the mesh has no 'triangles'; /],
])('%o', (f, given, message) => {
  expect(() => untyped(f)(...given)).toThrow(message);
});
