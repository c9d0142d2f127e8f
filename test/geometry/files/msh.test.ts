// Specification of Gmsh's meshes: both versions of the format say the same, groups name nodes and elements, and broken files are named by line.

import { readMsh } from 'retrograde/geometry';
import { elasticSolid } from 'retrograde/physics';
import { describe, expect, it } from 'vitest';

const file = (version: string, ...sections: readonly (readonly [string, string])[]): string =>
  [['MeshFormat', `${version} 0 8`] as const, ...sections]
    .map(([name, lines]) => `$${name}\n${lines}\n$End${name}`)
    .join('\n');

const names = ['PhysicalNames', '3\n2 7 "clamped side"\n3 1 "soft"\n3 2 "stiff"'] as const;
/** Two tetrahedra that share a face; the second is inside out, node 9 is nobody's, and the face at x = 0 is held. */
const old = file(
  '2.2',
  names,
  ['Nodes', '6\n1 0 0 0\n2 0 1 0\n3 0 0 1\n9 5 5 5\n4 1 0 0\n5 -1 0 0'],
  ['Elements', '4\n1 2 2 7 1 1 2 3\n2 4 2 1 1 1 2 3 4\n3 4 2 2 2 1 2 3 5\n4 4 2 1 1 1 2 3 5'],
);
const modern = file(
  '4.1',
  names,
  ['Entities', '1 0 1 2\n1 0 0 0 0\n1 0 0 0 0 1 1 1 -7 3 1 2 3\n1 0 0 0 1 1 1 1 1 1 1\n2 -1 0 0 0 1 1 2 2 1 1 1'],
  ['Nodes', '2 6 1 9\n2 1 0 4\n1\n2\n3\n9\n0 0 0\n0 1 0\n0 0 1\n5 5 5\n3 1 0 2\n4\n5\n1 0 0\n-1 0 0'],
  ['Elements', '3 3 1 3\n2 1 2 1\n1 1 2 3\n3 1 4 1\n2 1 2 3 4\n3 2 4 1\n3 1 2 3 5'],
);

describe('readMsh', () => {
  it('reads bodies of both versions, with their groups', () => {
    const mesh = readMsh(old);
    expect(mesh.dimension).toBe(3);
    expect([...mesh.positions]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, -1, 0, 0]);
    expect([...mesh.elements]).toEqual([0, 1, 2, 3, 1, 0, 2, 4]);
    expect(mesh.nodesOf).toEqual({ 'clamped side': [0, 1, 2], soft: [0, 1, 2, 3, 4], stiff: [0, 1, 2, 4] });
    expect(mesh.elementsOf).toEqual({ soft: [0, 1], stiff: [1] }); // the second is in both groups, and in the mesh once
    expect(readMsh(modern)).toEqual({ ...mesh, nodesOf: { ...mesh.nodesOf, soft: [0, 1, 2, 3, 4] } });
    expect(elasticSolid(mesh, { pinned: mesh.nodesOf['clamped side'] })).toBeDefined();
  });

  it('reads plane ones, and numbers groups that have no name', () => {
    const text = file(
      '2.2',
      ['Nodes', '3\r\n1 0 0 2\r\n2 1 0 2\r\n3 0 1 2'],
      ['Elements', '2\n1 1 1 4 1 2\n2 2 0 1 3 2'],
    );
    const mesh = readMsh(text);
    expect(mesh).toMatchObject({ dimension: 2, nodesOf: { '1:4': [0, 1] }, elementsOf: {} });
    expect([...mesh.positions]).toEqual([0, 0, 1, 0, 0, 1]);
    expect([...mesh.elements]).toEqual([2, 0, 1]);
    expect(elasticSolid(mesh)).toBeDefined();
  });

  const plane = (nodes: string, elements: string): string => file('2.2', ['Nodes', nodes], ['Elements', elements]);
  const three = '3\n1 0 0 0\n2 1 0 0\n3 0 1 0';
  it.each([
    ['', 'msh: there is no $MeshFormat; a mesh has $MeshFormat, $Nodes and $Elements.'],
    ['$MeshFormat\n$EndMeshFormat', "msh: $MeshFormat is empty; it says '4.1 0 8' or '2.2 0 8'."],
    ['$MeshFormat\n4.1 1 8\n$EndMeshFormat', 'msh:2: the file is binary; save it as text (ASCII).'],
    ['$MeshFormat\n4 0 8\n$EndMeshFormat', 'msh:2: the version is 4; save the mesh as version 4.1 or 2.2.'],
    ['$MeshFormat\n4.1 0 8', 'msh: the file ends within $MeshFormat; $EndMeshFormat is missing.'],
    ['$MeshFormat\n$Nodes', 'msh:2: $Nodes begins within $MeshFormat; $EndMeshFormat is missing.'],
    ['$EndNodes', 'msh:1: $EndNodes ends nothing that began; sections are $Name … $EndName.'],
    [plane('4\n1 0 0 0\n2 1 0 0', '0'), 'msh: $Nodes ends too early; it has fewer lines than it says.'],
    [plane('1\n1 0 x 0', '0'), "msh:6: '1 0 x 0' is no node; give three finite coordinates."],
    [plane('many', '0'), "msh:5: 'many' stands where the number of nodes should; give a whole number."],
    [plane(three, '0'), 'msh: there are no triangles and no tetrahedra; mesh the surface or the volume, and save all.'],
    [plane(three, '1\n1 2 0 1 2 8'), 'msh:12: node 8 is not in $Nodes.'],
    [plane(three, '1\n1 3 0 1 2 3 3'), 'msh:12: an element of type 3 with 4 nodes; elements must be triangles of type 2: mesh without recombination, of order 1.'],
    [plane('3\n1 0 0 0\n2 1 0 0\n3 0 1 1', '1\n1 2 0 1 2 3'), 'msh: the triangles are a surface in space: node 3 is at z = 1, others at 0; mesh the volume, or draw in the plane.'],
  ])('names what is wrong: %j', (text, message) => {
    expect(() => readMsh(text)).toThrow(new RangeError(message));
  }); // biome-ignore format: a table
});
