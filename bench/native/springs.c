/* The cloth of bench/problems/springs.ts: forces gathered node by node; the adjoint node by node, and spring by spring for k. */
#include "contest.h"

static int nodes, springs, steps;
static float dt, drag, gravity;
static float *x0, *target, *is_free, *rest, *stiffness, *slot_rest, *slot_stiffness;
static int32_t *from, *to, *start, *neighbour, *spring;
static float *x, *v, *xn, *vn, **seen, *f_bar, *x_bar, *x_new, *v_bar, *k_bar;

static void step(const float *restrict p, const float *restrict q, float *restrict pn, float *restrict qn) {
#pragma omp parallel for schedule(static)
  for (int i = 0; i < nodes; i++) {
    float a = p[3 * i], b = p[3 * i + 1], c = p[3 * i + 2], f[3] = {0, 0, 0};
    for (int e = start[i]; e < start[i + 1]; e++) {
      const float *o = p + 3 * neighbour[e];
      float dx = o[0] - a, dy = o[1] - b, dz = o[2] - c, l = sqrtf(dx * dx + dy * dy + dz * dz);
      float s = slot_stiffness[e] * (l - slot_rest[e]) / l;
      f[0] += s * dx, f[1] += s * dy, f[2] += s * dz;
    }
    f[1] += gravity;
    for (int d = 0; d < 3; d++) {
      int e = 3 * i + d;
      float w = is_free[i] * (q[e] + dt * (f[d] - drag * q[e]));
      qn[e] = w;
      pn[e] = p[e] + dt * w;
    }
  }
}

static void forward(void) {
  size_t bytes = sizeof(float) * 3 * nodes;
  memcpy(x, x0, bytes);
  memset(v, 0, bytes);
  for (int t = 0; t < steps; t++) {
    float *p = x, *q = v;
    if (seen) memcpy(seen[t], x, bytes);
    step(x, v, xn, vn);
    x = xn, v = vn, xn = p, vn = q;
  }
}

static void back(const float *restrict p) {
#pragma omp parallel for schedule(static)
  for (int e = 0; e < 3 * nodes; e++) {
    float w = (v_bar[e] + dt * x_bar[e]) * is_free[e / 3];
    f_bar[e] = dt * w;
    v_bar[e] = w * (1 - dt * drag);
  }
#pragma omp parallel for schedule(static)
  for (int i = 0; i < nodes; i++) {
    float s[3] = {0, 0, 0};
    for (int e = start[i]; e < start[i + 1]; e++) {
      int j = 3 * neighbour[e];
      float dx = p[j] - p[3 * i], dy = p[j + 1] - p[3 * i + 1], dz = p[j + 2] - p[3 * i + 2];
      float gx = f_bar[3 * i] - f_bar[j], gy = f_bar[3 * i + 1] - f_bar[j + 1], gz = f_bar[3 * i + 2] - f_bar[j + 2];
      float inverse = 1 / sqrtf(dx * dx + dy * dy + dz * dz), slack = slot_rest[e] * inverse;
      float q = slot_stiffness[e] * (1 - slack);
      float h = slot_stiffness[e] * slack * inverse * inverse * (dx * gx + dy * gy + dz * gz);
      s[0] -= q * gx + h * dx, s[1] -= q * gy + h * dy, s[2] -= q * gz + h * dz;
    }
    for (int d = 0; d < 3; d++) x_new[3 * i + d] = x_bar[3 * i + d] + s[d];
  }
#pragma omp parallel for schedule(static)
  for (int s = 0; s < springs; s++) {
    int a = 3 * from[s], b = 3 * to[s];
    float dx = p[b] - p[a], dy = p[b + 1] - p[a + 1], dz = p[b + 2] - p[a + 2];
    float gx = f_bar[a] - f_bar[b], gy = f_bar[a + 1] - f_bar[b + 1], gz = f_bar[a + 2] - f_bar[b + 2];
    k_bar[s] += (1 - rest[s] / sqrtf(dx * dx + dy * dy + dz * dz)) * (dx * gx + dy * gy + dz * gz);
  }
  float *w = x_bar;
  x_bar = x_new, x_new = w;
}

static void gradient(void) {
  forward();
  for (int e = 0; e < 3 * nodes; e++) x_bar[e] = x[e] - target[e], v_bar[e] = 0;
  memset(k_bar, 0, sizeof(float) * springs);
  for (int t = steps - 1; t >= 0; t--) back(seen[t]);
}

int main(int c, char **w) {
  count = c, words = w;
  if (!variant("forward") && !variant("gradient")) return absent();
  nodes = constant("nodes"), springs = constant("springs"), steps = constant("steps");
  dt = constant("dt"), drag = constant("drag"), gravity = constant("gravity");
  x0 = array("x"), target = array("target"), is_free = array("free"), rest = array("rest"), stiffness = array("stiffness");
  from = array("from"), to = array("to"), start = array("start"), neighbour = array("neighbour"), spring = array("spring");
  slot_rest = floats(2 * springs), slot_stiffness = floats(2 * springs);
  for (int e = 0; e < 2 * springs; e++) slot_rest[e] = rest[spring[e]], slot_stiffness[e] = stiffness[spring[e]];
  x = floats(3 * nodes), v = floats(3 * nodes), xn = floats(3 * nodes), vn = floats(3 * nodes);
  if (!variant("gradient")) return serve(forward, (void **)&x, F32, 3 * nodes, 1), 0;
  f_bar = floats(3 * nodes), x_bar = floats(3 * nodes), x_new = floats(3 * nodes), v_bar = floats(3 * nodes);
  k_bar = floats(springs), seen = room(sizeof(float *) * steps);
  for (int t = 0; t < steps; t++) seen[t] = floats(3 * nodes);
  serve(gradient, (void **)&k_bar, F32, springs, 1);
}
