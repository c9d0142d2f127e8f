/* Pendulums of bench/problems/small.ts; the adjoint by hand, with every angle kept. */
#include "contest.h"

static int n, steps;
static float dt, *start, *x, *v, *end, *bar, *v_bar;

static void forward(void) {
  memcpy(x, start, sizeof(float) * n);
  memset(v, 0, sizeof(float) * n);
  for (int t = 0; t < steps; t++) {
    float *restrict now_ = x + (size_t)t * n, *restrict next = now_ + n;
    for (int i = 0; i < n; i++) {
      v[i] -= dt * sinf(now_[i]);
      next[i] = now_[i] + dt * v[i];
    }
  }
  end = x + (size_t)steps * n;
}
static void gradient(void) {
  forward();
  memcpy(bar, end, sizeof(float) * n);
  memset(v_bar, 0, sizeof(float) * n);
  for (int t = steps - 1; t >= 0; t--)
    for (int i = 0; i < n; i++) {
      v_bar[i] += dt * bar[i];
      bar[i] -= dt * cosf(x[(size_t)t * n + i]) * v_bar[i];
    }
}

int main(int c, char **w) {
  count = c, words = w;
  n = constant("n"), steps = constant("steps"), dt = constant("dt");
  start = array("x"), x = floats((size_t)n * (steps + 1)), v = floats(n), bar = floats(n), v_bar = floats(n);
  if (variant("gradient")) serve(gradient, (void **)&bar, F32, n, 1);
  else serve(forward, (void **)&end, F32, n, 1);
}
