/* MLS-MPM of bench/problems/mpm.ts: particles in parallel, but for the sums on the nodes, which one thread takes. */
#include "contest.h"

static int nodes, particles, steps, axes;
static float dt, lambda, mu, *start_x, *start_v, *x, *v, *C, *F, *A, *grid;

static inline __attribute__((always_inline)) void splines(int d, const float *at, int *base, float *r, float (*w)[3]) {
  for (int a = 0; a < d; a++) {
    float s = at[a] * nodes;
    base[a] = (int)floorf(s - 0.5f);
    s -= base[a], r[a] = s;
    w[a][0] = 0.5f * (1.5f - s) * (1.5f - s), w[a][1] = 0.75f - (s - 1) * (s - 1), w[a][2] = 0.5f * (s - 0.5f) * (s - 0.5f);
  }
}

static inline __attribute__((always_inline)) void stress(int d, int p) {
  float *f = F + (size_t)d * d * p, *c = C + (size_t)d * d * p, *a = A + (size_t)d * d * p, old[9], J;
  memcpy(old, f, sizeof(float) * d * d);
  for (int i = 0; i < d; i++)
    for (int j = 0; j < d; j++)
      for (int k = 0; k < d; k++) f[d * i + j] += dt * c[d * i + k] * old[d * k + j];
  if (d == 2) J = f[0] * f[3] - f[1] * f[2];
  else J = f[0] * (f[4] * f[8] - f[5] * f[7]) - f[1] * (f[3] * f[8] - f[5] * f[6]) + f[2] * (f[3] * f[7] - f[4] * f[6]);
  float log_j = logf(J), scale = dt * 4 * nodes * nodes;
  for (int i = 0; i < d; i++)
    for (int j = 0; j < d; j++) {
      float b = 0;
      for (int k = 0; k < d; k++) b += f[d * i + k] * f[d * j + k];
      a[d * i + j] = c[d * i + j] - scale * (mu * (b - (i == j)) + (i == j ? lambda * log_j : 0));
    }
}

#define EACH_NODE(BODY)                                                                     \
  for (int kz = 0; kz < (d == 3 ? 3 : 1); kz++)                                             \
    for (int ky = 0; ky < 3; ky++)                                                          \
      for (int kx = 0; kx < 3; kx++) {                                                      \
        float weight = w[0][kx] * w[1][ky] * (d == 3 ? w[2][kz] : 1);                       \
        float away[3] = {(kx - r[0]) / nodes, (ky - r[1]) / nodes, d == 3 ? (kz - r[2]) / nodes : 0}; \
        size_t node = base[0] + kx + (size_t)nodes * (base[1] + ky + (d == 3 ? (size_t)nodes * (base[2] + kz) : 0)); \
        float *g = grid + node * (d + 1);                                                   \
        BODY                                                                                \
      }

static inline __attribute__((always_inline)) void run(int d) {
  size_t words = d + 1;
  for (int a = 0; a < d; a++) words *= nodes;
  memcpy(x, start_x, sizeof(float) * d * particles);
  memcpy(v, start_v, sizeof(float) * d * particles);
  memset(C, 0, sizeof(float) * d * d * particles);
  for (int k = 0; k < d * d * particles; k++) F[k] = k % (d * d) % (d + 1) == 0;
  for (int t = 0; t < steps; t++) {
    memset(grid, 0, sizeof(float) * words);
    _Pragma("omp parallel for schedule(static)") for (int p = 0; p < particles; p++) stress(d, p);
    for (int p = 0; p < particles; p++) {
      int base[3];
      float r[3], w[3][3], *u = v + (size_t)d * p, *a = A + (size_t)d * d * p;
      splines(d, x + (size_t)d * p, base, r, w);
      EACH_NODE(
        for (int i = 0; i < d; i++) {
          float q = u[i];
          for (int j = 0; j < d; j++) q += a[d * i + j] * away[j];
          g[i] += weight * q;
        }
        g[d] += weight;
      )
    }
    _Pragma("omp parallel for schedule(static)") for (size_t i = 0; i < words; i += d + 1) if (grid[i + d] > 0) for (int a = 0; a < d; a++) grid[i + a] /= grid[i + d];
    _Pragma("omp parallel for schedule(static)") for (int p = 0; p < particles; p++) {
      int base[3];
      float r[3], w[3][3], velocity[3] = {0}, B[9] = {0};
      splines(d, x + (size_t)d * p, base, r, w);
      EACH_NODE(
        for (int i = 0; i < d; i++) {
          velocity[i] += weight * g[i];
          for (int j = 0; j < d; j++) B[d * i + j] += weight * g[i] * away[j];
        }
      )
      for (int i = 0; i < d; i++) v[d * p + i] = velocity[i], x[d * p + i] += dt * velocity[i];
      for (int k = 0; k < d * d; k++) C[(size_t)d * d * p + k] = 4.0f * nodes * nodes * B[k];
    }
  }
}

static void forward(void) {
  if (axes == 2) run(2);
  else run(3);
}

int main(int c, char **w) {
  count = c, words = w;
  if (!variant("forward")) return absent();
  axes = constant("d"), nodes = constant("nodes"), particles = constant("count"), steps = constant("steps");
  dt = constant("dt"), lambda = constant("lambda"), mu = constant("mu");
  start_x = array("x"), start_v = array("v");
  size_t n = (size_t)axes * particles, nodes_in_all = 1;
  for (int a = 0; a < axes; a++) nodes_in_all *= nodes;
  x = floats(n), v = floats(n), C = floats(n * axes), F = floats(n * axes), A = floats(n * axes);
  grid = floats(nodes_in_all * (axes + 1));
  serve(forward, (void **)&x, F32, n, 1);
}
