export { joined, type MassProperties, type Placement, placed } from './mass-properties.ts';
export { type Mesh, type MeshOptions, mesh } from './mesh.ts';
export { massOfMesh } from './polyhedron.ts';
export { boxMesh, capsuleMesh, cylinderMesh, icosphere, torusMesh } from './primitives.ts';
export { massOf, type Solid } from './solids.ts';
export { type MeshEdge, Triangles } from './triangles.ts';
