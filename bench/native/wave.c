/* The wave equation of bench/problems/wave.ts; its adjoint gathered, by hand: the five-point sum is its own transpose. */
#include "contest.h"

static int n, steps;
static float courant, cubic, *start, *target, *old, *u, *next, *bar, **seen;

static inline float around(const float *restrict a, int r, int c) {
  const float *row = a + (size_t)r * n;
  return (c > 0 ? row[c - 1] : 0) + (c < n - 1 ? row[c + 1] : 0) + (r > 0 ? row[c - n] : 0) + (r < n - 1 ? row[c + n] : 0);
}

/* A row: its ends and the first and last row with tests, the rest without. */
#define ROWS(CELL)                                                         \
  _Pragma("omp parallel for schedule(static)") for (int r = 0; r < n; r++) { \
    size_t b = (size_t)r * n;                                              \
    if (r == 0 || r == n - 1) {                                            \
      for (int c = 0; c < n; c++) CELL(b + c, around(A, r, c));            \
    } else {                                                               \
      CELL(b, around(A, r, 0));                                            \
      for (int c = 1; c < n - 1; c++)                                      \
        CELL(b + c, A[b + c - 1] + A[b + c + 1] + A[b + c - n] + A[b + c + n]); \
      CELL(b + n - 1, around(A, r, n - 1));                                \
    }                                                                      \
  }

static void advance(const float *restrict o, const float *restrict A, float *restrict to) {
#define CELL(i, sum) to[i] = 2 * A[i] - o[i] + courant * ((sum)-4 * A[i])
#define CUBIC(i, sum) to[i] = 2 * A[i] - o[i] + courant * ((sum)-4 * A[i]) - cubic * A[i] * A[i] * A[i]
  if (cubic == 0) {
    ROWS(CELL)
  } else {
    ROWS(CUBIC)
  }
}

/* before = -A, to = bar + (2 + c² ∇² - 3 κ w²) A */
static void retreat(const float *restrict A, const float *restrict w, float *restrict to, float *restrict before) {
#define BACK(i, sum) to[i] += 2 * A[i] + courant * ((sum)-4 * A[i]), before[i] = -A[i]
#define CUBIC_BACK(i, sum) \
  to[i] += 2 * A[i] + courant * ((sum)-4 * A[i]) - 3 * cubic * w[i] * w[i] * A[i], before[i] = -A[i]
  if (cubic == 0) {
    ROWS(BACK)
  } else {
    ROWS(CUBIC_BACK)
  }
}

static void forward(void) {
  size_t bytes = sizeof(float) * n * n;
  memcpy(old, start, bytes);
  memcpy(u, start, bytes);
  for (int t = 0; t < steps; t++) {
    float *w = next;
    if (seen) memcpy(seen[t], u, bytes);
    advance(old, u, next);
    next = old, old = u, u = w;
  }
}

static float *gradientOf;

static void gradient(void) {
  size_t points = (size_t)n * n;
  forward();
  float *after = next, *at = bar, *before = old; /* of the wave, only u is needed from here on */
  for (size_t i = 0; i < points; i++) after[i] = u[i] - target[i], at[i] = 0;
  for (int t = steps - 1; t >= 0; t--) {
    float *w = after;
    retreat(after, seen ? seen[t] : u, at, before);
    after = at, at = before, before = w;
  }
  for (size_t i = 0; i < points; i++) after[i] += at[i]; /* u(-1) = u(0) */
  gradientOf = after;
  next = after, bar = at, old = before;
}

int main(int c, char **v) {
  count = c, words = v;
  if (!variant("forward") && !variant("gradient")) return absent();
  n = constant("n"), steps = constant("steps"), courant = constant("courant"), cubic = constant("cubic");
  size_t points = (size_t)n * n;
  start = array("start"), target = array("target");
  old = floats(points), u = floats(points), next = floats(points), bar = floats(points);
  if (variant("gradient") && cubic != 0) {
    seen = room(sizeof(float *) * steps);
    for (int t = 0; t < steps; t++) seen[t] = floats(points);
  }
  if (variant("gradient")) serve(gradient, (void **)&gradientOf, F32, points, 1);
  else serve(forward, (void **)&u, F32, points, 1);
}
