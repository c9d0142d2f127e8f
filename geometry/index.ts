export { boundsText } from './broad-phase/bounds.wgsl.ts';
export { type CandidateOptions, type Candidates, candidates } from './broad-phase/candidates.ts';
export { cellsOf, type NeighbourOptions, type Neighbours, neighbourTable } from './broad-phase/cells.ts';
export {
  type ClusterOptions,
  type Clusters,
  clusterInputs,
  clusterText,
  columnsOf,
  inClusters,
  neighbourClusters,
} from './broad-phase/clusters.ts';
export { hasTables, type Shapes } from './contact/bindings.ts';
export { type ContactOptions, type Contacts, contacts } from './contact/contacts.ts';
export { checkDistanceGrid, type DistanceGrid, distanceGrid, spacingOf } from './contact/distance-grid.ts';
export {
  choosesFeatures,
  contactSlots,
  contactText,
  haveContacts,
  inOrder,
  type Pair,
  pairName,
} from './contact/pairs.ts';
export { type ShapeKind, shapeKinds } from './contact/shape.wgsl.ts';
export { type FormOptions, type ShapeForm, shapeForm } from './contact/shape-form.ts';
export { type HeightGrid, type Polyhedron, polyhedron, type ShapeTables, shapeTables } from './contact/shape-tables.ts';
export { convexHull, type Hull } from './convex-hull.ts';
export type { Numbers } from './files/columns.ts';
export { writeCsv } from './files/csv.ts';
export { type GltfOptions, readGlb, readGltf } from './files/glb.ts';
export { writeGlb } from './files/glb-write.ts';
export { bytesIn, type TextFile } from './files/input.ts';
export type { Loose, ReadOptions } from './files/loose.ts';
export { type Msh, readMsh } from './files/msh.ts';
export { readMtl, writeMtl } from './files/mtl.ts';
export { type NumberArray, readNpy, readNpz, writeNpy, writeNpz } from './files/npy.ts';
export { looseObj, type ObjOptions, readObj, type WriteObjOptions, writeObj } from './files/obj.ts';
export { type PlyFormat, readPly, writePly } from './files/ply.ts';
export { pngSamples } from './files/png.ts';
export { looseStl, readStl, writeStl } from './files/stl.ts';
export {
  type VtiOptions,
  type VtpOptions,
  type VtuOptions,
  writePvd,
  writeVti,
  writeVtp,
  writeVtu,
} from './files/vtk.ts';
export { readXyz, writeXyz, type Xyz } from './files/xyz.ts';
export { grouped, pairsInOrder } from './grouped.ts';
export { type HalfEdges, nextCorner, noSide } from './half-edges.ts';
export { cornersAround, type Incidence, neighbours } from './incidence.ts';
export { type Isosurface, isosurface } from './isosurface.ts';
export { joined, type MassProperties, type Placement, placed } from './mass-properties.ts';
export { type Mesh, type MeshOptions, mesh } from './mesh.ts';
export {
  type BoxKind,
  type BoxLayout,
  type BoxText,
  boxInWords,
  boxKind,
  boxLayout,
  boxSizes,
  boxText,
  boxVolume,
  boxWaves,
  checkBox,
} from './periodic-box.ts';
export { massOfMesh } from './polyhedron.ts';
export { rayText } from './ray/ray.wgsl.ts';
export { rayDistance } from './ray/rays.ts';
export { type BoxOptions, boxMesh } from './shapes/box.ts';
export { type BumpySphereOptions, bumpySphere } from './shapes/bumpy-sphere.ts';
export { type ExtrusionOptions, extrusion, type Outline } from './shapes/extrusion.ts';
export { heightFieldMesh, type PlaneOptions, planeMesh } from './shapes/plane.ts';
export { capsuleMesh, cylinderMesh } from './shapes/revolved.ts';
export { icosphere, type UvSphereOptions, uvSphere } from './shapes/sphere.ts';
export { sphericalHarmonics } from './shapes/spherical-harmonics.ts';
export { type SuperquadricOptions, superquadric } from './shapes/superquadric.ts';
export { type TorusKnotOptions, torusKnot, torusMesh } from './shapes/tubes.ts';
export { type OnSurface, type SignedDistance, type SignedDistanceOptions, signedDistance } from './signed-distance.ts';
export { areaOf, hollowMomentsOf, momentsOf, type Primitive, sizeCounts, volumeOf } from './solid-sizes.ts';
export { massOf, type Solid } from './solids.ts';
export type { Attribute, Material, Surface, TextureFile } from './surface.ts';
export { type MeshEdge, Triangles } from './triangles.ts';
export { type Welded, weld } from './weld.ts';
