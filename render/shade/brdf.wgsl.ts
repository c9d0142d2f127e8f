/**
 * How surfaces answer to light, as WGSL functions for any kernel: light out towards v for light in from l, for each unit of irradiance on a
 * plane that faces the light. The cosine at the surface is in them, so ∫ f(n, v, l) dl ≤ 1.
 *
 *   lambert     a / π · c,   c = max(n·l, 0)                                                                       (1)
 *   phong       (k_d / π + k_s (e + 2) / 2π max(r·v, 0)ᵉ) c,   r = 2 (n·l) n − l                                    (2)
 *   blinnPhong  (k_d / π + k_s (e + 8) / 8π max(n·h, 0)ᵉ) c,   h = unit(l + v)                                      (3)
 *   ggx         ((1 − F)(1 − m) b / π + F D V) c,   α = roughness²                                                 (4)
 *               D = α² / (π ((n·h)² (α² − 1) + 1)²)                                                               (5)
 *               V = ½ / (c √((n·v)² (1 − α²) + α²) + (n·v) √(c² (1 − α²) + α²))                                       (6)
 *               F = F₀ + (1 − F₀)(1 − v·h)⁵,   F₀ = mix(0.04, b, m)                                                 (7)
 *
 * a, b, k: colours; e: exponent; m: metallic. (2) is normalised as Lewis has it, (3) approximately; (4) is one bounce between facets, so a white
 * metal seen from above sends on 0.99 of the light at roughness 0.3, 0.82 at 0.6, and 1 − log 2 at 1. Vectors need not be of unit length; where one has no length, or v or l is
 * behind the surface, nothing comes out, with derivative zero there. Roughness counts as at least 0.03, at which a highlight is a degree wide.
 *
 * Lewis: Making shaders more physically plausible, Computer Graphics Forum 13 (1994), for (2). Walter, Marschner, Li & Torrance: Microfacet
 * models for refraction through rough surfaces, EGSR 2007, for (5). Heitz: Understanding the masking-shadowing function in microfacet-based
 * BRDFs, JCGT 3 (2014), for (6). Schlick: An inexpensive BRDF model for physically-based rendering, Computer Graphics Forum 13 (1994), for (7).
 */

/** `fn unit(v: vec3f) -> vec3f`: of length one; of no length, with derivative zero, where v has none. */
export const unitText: string = /* wgsl */ `
  fn unit(v: vec3f) -> vec3f {
    let square = dot(v, v);
    let none = square == 0.0;
    return select(v / sqrt(select(square, 1.0, none)), vec3f(0), none);
  }
`;

/** The functions above, by their names; n, v and l first made `unit`. */
export const brdfText: string = /* wgsl */ `
  ${unitText}
  fn lambert(albedo: vec3f, n: vec3f, l: vec3f) -> vec3f {
    return 0.31830988618379067 * max(dot(n, l), 0.0) * albedo;                                       // (1)
  }

  fn phong(diffuse: vec3f, specular: vec3f, exponent: f32, n: vec3f, v: vec3f, l: vec3f) -> vec3f {
    let c = dot(n, l);
    let along = max(dot(2.0 * c * n - l, v), 0.0);
    let lobe = 0.15915494309189535 * (exponent + 2.0) * pow(along, exponent);
    return max(c, 0.0) * (0.31830988618379067 * diffuse + lobe * specular);                          // (2)
  }

  fn blinnPhong(diffuse: vec3f, specular: vec3f, exponent: f32, n: vec3f, v: vec3f, l: vec3f) -> vec3f {
    let lobe = 0.039788735772973836 * (exponent + 8.0) * pow(max(dot(n, unit(l + v)), 0.0), exponent);
    return max(dot(n, l), 0.0) * (0.31830988618379067 * diffuse + lobe * specular);                  // (3)
  }

  fn fresnel(base: vec3f, metallic: f32, v: vec3f, h: vec3f) -> vec3f {
    let f0 = mix(vec3f(0.04), base, metallic);
    let away = 1.0 - clamp(dot(v, h), 0.0, 1.0);
    let away2 = away * away;
    return f0 + (1.0 - f0) * (away2 * away2 * away);                                                 // (7)
  }

  fn ggx(base: vec3f, metallic: f32, roughness: f32, n: vec3f, v: vec3f, l: vec3f) -> vec3f {
    let c = dot(n, l);
    let nv = dot(n, v);
    if (c <= 0.0 || nv <= 0.0) { return vec3f(0); }
    let h = unit(l + v);
    let rough = max(roughness, 0.03);
    let alpha = rough * rough;
    let a2 = alpha * alpha;
    let nh = dot(n, h);
    let d = nh * nh * (a2 - 1.0) + 1.0;
    let D = a2 / (3.141592653589793 * d * d);                                                        // (5)
    let V = 0.5 / (c * sqrt(nv * nv * (1.0 - a2) + a2) + nv * sqrt(c * c * (1.0 - a2) + a2));        // (6)
    let F = fresnel(base, metallic, v, h);
    return c * ((1.0 - F) * ((1.0 - metallic) * 0.31830988618379067 * base) + D * V * F);            // (4)
  }
`;
