/** How many groups are dispatched along x and y, so that no axis has more than the device allows: rows of equal length. */
export function planeOf(groups: number, perAxis: number, who: string): [number, number] {
  const rows = Math.ceil(groups / perAxis);
  if (rows > perAxis)
    throw new RangeError(
      `webgpu: ${who} was launched with ${groups} workgroups; this device allows ${perAxis} × ${perAxis}.`,
    );
  return [Math.ceil(groups / rows), rows];
}
