// What is not given, misspelt or in another order is named, by whoever reads it.

import { boxMesh } from 'retrograde/geometry';
import { tensor } from 'retrograde/kernel';
import { articulated, cloth, elasticSolid, massSpring, mjcf, mpm, rigidBodies, tree } from 'retrograde/physics';
import {
  antialias,
  drawSplats,
  flatNormals,
  interpolate,
  l2,
  lookAt,
  perspective,
  project,
  rasterize,
  rigid,
} from 'retrograde/render';
import { adam } from 'retrograde/solvers';
import { expect, it } from 'vitest';

/** A function as JavaScript sees it, which checks no types. */
const untyped = (f: unknown) => f as (...given: unknown[]) => unknown;
const box = boxMesh([1, 1, 1]);
const size = [8, 8];
const camera = { lens: perspective({ fovY: 1, size: [8, 8], near: 0.1, far: 9 }), pose: lookAt([0, 0, 3], [0, 0, 0]) };
const clip = project(camera, box.vertices);
const raster = rasterize(clip, box.triangles, { size: [8, 8] });
const image = tensor(new Float32Array(192), [8, 8, 3]);

it.each<[unknown, unknown[], RegExp]>([
  [adam, [0.1], /^adam: the options are 0\.1; give a record, of 'rate', /],
  [perspective, [], /^perspective: the options are undefined; /],
  [lookAt, [[0, 0, 3]], /^lookAt: target is undefined; give three numbers, \[x, y, z\]\.$/],
  [
    rigid,
    [{ position: tensor([0, 0, 0]) }, box.vertices],
    /^rigid: the pose has no 'orientation'; give a record with /,
  ],
  [project, [camera.pose, box.vertices], /^project: the camera has no 'lens'; /],
  [rasterize, [clip, tensor([0, 1, 2], [1, 3]), { size }], /^rasterize: the list of triangles has no 'vertices'; /],
  [interpolate, [clip, raster, { values: image }], /^interpolate: the raster has no /],
  [interpolate, [raster, clip, { values: image }], /^interpolate: the attribute has no 'corners'; /],
  [antialias, [image, clip, raster], /^antialias: the raster has no 'triangles'; /],
  [flatNormals, [box.vertices], /^flatNormals: the list of triangles is undefined; /],
  [l2, [image], /^l2: one of the two images is undefined; give tensors\.$/],
  [drawSplats, [camera, { means: image }], /^drawSplats: the set of Gaussians has no 'mean'; /],
  [massSpring, [2], /^massSpring: the springs are undefined; give a list of pairs of nodes/],
  [mpm, [{ nodes: [9, 9], spacing: 0.1 }], /^mpm: what is given has no 'matter'; /],
  [rigidBodies, [{}], /^rigidBodies: what is given has no 'bodies'; /],
  [tree, [{ name: 'arm' }], /^tree: what is given has no 'links'; /],
  [mjcf, [], /^mjcf: the file is undefined; give its text\.$/],
  [articulated, ['<mujoco/>'], /^articulated: the model is '<mujoco\/>'; give a record with 'links', 'joints'\.$/],
  [elasticSolid, [box], /^elasticSolid: the mesh has no 'dimension'; /],
  [cloth, [box.vertices], /^cloth: the mesh has no 'triangles'; /],
])('%o', (f, given, message) => {
  expect(() => untyped(f)(...given)).toThrow(message);
});
