/* A step of the lattice Boltzmann method, bench/problems/lattice.ts. */
#include "contest.h"

static int n;
static size_t stride;
static float tau, *h, *next;

/* Relaxes the pair a, b towards its equilibrium: what is even in c and what is odd. */
#define PAIR(a, b, along, w)                                                          \
  {                                                                                   \
    float c = along, even = (w) * (base + 4.5f * r * c * c), odd = 3 * (w) * c;       \
    float plus = keep * s##a + omega * even, minus = keep * o##a + omega * odd;       \
    to[a * stride + i] = plus + minus, to[b * stride + i] = plus - minus;             \
  }

/* A cell: `before` and `after` are its neighbours' columns; `low` and `high` the rows of those below and above. */
#define CELL(x, before, after)                                                        \
  {                                                                                   \
    size_t i = row + (x);                                                             \
    float h0 = f[i], h1 = f[stride + row + (before)], h2 = f[2 * stride + row + (after)]; \
    float h3 = f[3 * stride + low + (x)], h4 = f[4 * stride + high + (x)];            \
    float h5 = f[5 * stride + low + (before)], h6 = f[6 * stride + high + (after)];   \
    float h7 = f[7 * stride + high + (before)], h8 = f[8 * stride + low + (after)];   \
    float s1 = h1 + h2, s3 = h3 + h4, s5 = h5 + h6, s7 = h7 + h8;                     \
    float o1 = h1 - h2, o3 = h3 - h4, o5 = h5 - h6, o7 = h7 - h8;                     \
    float d = h0 + s1 + s3 + s5 + s7, jx = o1 + o5 + o7, jy = o3 + o5 - o7;           \
    float r = 1 / (1 + d), base = d - 1.5f * r * (jx * jx + jy * jy);                 \
    to[i] = 2 * keep * h0 + omega * (4.f / 9 * base);                                 \
    PAIR(1, 2, jx, 1.f / 9)                                                           \
    PAIR(3, 4, jy, 1.f / 9)                                                           \
    PAIR(5, 6, jx + jy, 1.f / 36)                                                     \
    PAIR(7, 8, jx - jy, 1.f / 36)                                                     \
  }

static void advance(const float *restrict f, float *restrict to) {
  float omega = 1 / tau, keep = 0.5f - 0.5f * omega;
#pragma omp parallel for schedule(static)
  for (int y = 0; y < n; y++) {
    size_t row = (size_t)y * n, low = (size_t)((y + n - 1) % n) * n, high = (size_t)((y + 1) % n) * n;
    CELL(0, n - 1, 1)
#pragma GCC ivdep
    for (int x = 1; x < n - 1; x++) CELL(x, x - 1, x + 1)
    CELL(n - 1, n - 2, 0)
  }
}

static void run(void) { advance(h, next); }

int main(int c, char **v) {
  count = c, words = v;
  if (!variant("step")) return absent();
  n = constant("n"), stride = constant("stride"), tau = constant("tau");
  h = array("h"), next = floats(9 * stride);
  serve(run, (void **)&next, F32, 9 * stride, 1);
}
