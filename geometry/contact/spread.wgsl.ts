/**
 * Of many places where two shapes may touch, up to eight that hold the one on the other: the deepest, and, of those whose gaps are larger by at most a
 * tenth of the size of all, the farthest along seven directions at right angles to the deepest one's normal.
 *
 * A pair `<name>` numbers its places: `fn <name>Places(a: Shape, b: Shape, margin: f32) -> u32` says how many there are, and
 * `fn <name>Place(a: Shape, b: Shape, margin: f32, i: u32) -> vec2u` has the feature of one, or `none`.
 */

export const spreadSlots = 8;

/** `<name>Features`, of the pair's places and contacts. @param otherwise Statements that may set `deepest` and `first` if there is no place. */
export const spreadFeatures = (name: string, otherwise = ''): string => /* wgsl */ `
  fn ${name}Features(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>) {
    let count = ${name}Places(a, b, margin);
    var deepest = noContact();
    var first = none;
    for (var i = 0u; i < count; i++) {
      let feature = ${name}Place(a, b, margin, i);
      if (any(feature != none)) {
        let c = ${name}(a, b, feature);
        if (c.gap < deepest.gap) {
          deepest = c;
          first = feature;
        }
      }
    }
    ${otherwise}
    if (deepest.gap > margin) { return; }
    (*features)[0] = first;
    let n = deepest.normal;
    let u = normalize(cross(n, select(vec3f(0.0, 0.0, 1.0), vec3f(1.0, 0.0, 0.0), abs(n.z) > 0.7)));
    let v = cross(n, u);
    var size = 0.0;
    var reach: array<f32, ${spreadSlots}>;
    for (var pass = 0u; pass < 2u; pass++) {
      let most = min(margin, deepest.gap + 0.1 * size);
      for (var i = 0u; i < count; i++) {
        let feature = ${name}Place(a, b, margin, i);
        if (any(feature != none)) {
          let c = ${name}(a, b, feature);
          let d = c.point - deepest.point;
          if (pass == 0u) {
            if (c.gap <= margin) { size = max(size, length(d)); }
          } else if (c.gap <= most) {
            for (var k = 1u; k < ${spreadSlots}u; k++) {
              let angle = 0.3 + 0.8975979010256552 * f32(k);
              let along = cos(angle) * dot(d, u) + sin(angle) * dot(d, v);
              if (along > reach[k]) {
                reach[k] = along;
                (*features)[k] = feature;
              }
            }
          }
        }
      }
    }
    for (var k = 1u; k < ${spreadSlots}u; k++) {
      for (var j = 0u; j < k; j++) {
        if (all((*features)[j] == (*features)[k])) { (*features)[k] = none; }
      }
    }
  }
`;
