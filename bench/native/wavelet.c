/* sin(x) x + exp(-x²) and its derivative, with the vector functions of the C library where -ffast-math allows them. */
#include "contest.h"

static int n;
static float *x, *y;

static void forward(void) {
#pragma omp parallel for schedule(static)
  for (int i = 0; i < n; i++) y[i] = sinf(x[i]) * x[i] + expf(-x[i] * x[i]);
}
static void gradient(void) {
#pragma omp parallel for schedule(static)
  for (int i = 0; i < n; i++) y[i] = cosf(x[i]) * x[i] + sinf(x[i]) - 2 * x[i] * expf(-x[i] * x[i]);
}

int main(int c, char **v) {
  count = c, words = v;
  n = constant("n"), x = array("x"), y = floats(n);
  serve(variant("gradient") ? gradient : forward, (void **)&y, F32, n, 1);
}
