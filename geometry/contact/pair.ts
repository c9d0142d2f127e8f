/** What a pair of kinds of shapes needs to find its contacts. */

export interface PairText {
  /** How many contacts the pair can have at most. */
  readonly slots: number;
  /** Texts of functions that both phases call. */
  readonly needs: readonly string[];
  /**
   * `fn <pair>Features(a: Shape, b: Shape, margin: f32, features: ptr<function, Features>)`: chooses what is discrete.
   * Without it the feature of slot k is (1, k).
   */
  readonly features?: string;
  /** `fn <pair>(a: Shape, b: Shape, feature: vec2u) -> Contact`: differentiable, for a feature other than `none`. */
  readonly contact: string;
}

/** Statements that place the shapes `first` and `second` relative to the first, as a and b, so that digits are not lost far from the origin. */
export const relativeShapes: string = /* wgsl */ `var a = first;
    a.x = vec3f(0.0);
    var b = second;
    b.x = second.x - first.x;`;
