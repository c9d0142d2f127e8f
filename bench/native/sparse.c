/* Sparse matrix times vector over CSR rows, and conjugate gradients of three fused loops. */
#include "contest.h"

static int n, iterations;
static int32_t *start, *column;
static float *value, *b, *y, *x, *r, *p;

/* y = A v, and vᵀ y. Sums over all rows are taken in double: in single, a million terms one by one lose too much. */
static double multiply(const float *restrict v) {
  double dot = 0;
#pragma omp parallel for schedule(static) reduction(+ : dot)
  for (int i = 0; i < n; i++) {
    float s = 0;
    for (int e = start[i]; e < start[i + 1]; e++) s += value[e] * v[column[e]];
    y[i] = s;
    dot += s * v[i];
  }
  return dot;
}

static void times(void) { multiply(b); }

static void conjugate_gradients(void) {
  double rho = 0;
#pragma omp parallel for schedule(static) reduction(+ : rho)
  for (int i = 0; i < n; i++) x[i] = 0, r[i] = p[i] = b[i], rho += b[i] * b[i];
  for (int k = 0; k < iterations; k++) {
    float alpha = rho / multiply(p);
    double next = 0;
#pragma omp parallel for schedule(static) reduction(+ : next)
    for (int i = 0; i < n; i++) {
      x[i] += alpha * p[i];
      r[i] -= alpha * y[i];
      next += r[i] * r[i];
    }
    float beta = next / rho;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < n; i++) p[i] = r[i] + beta * p[i];
    rho = next;
  }
}

int main(int c, char **v) {
  count = c, words = v;
  if (!variant("csr") && !variant("conjugateGradients")) return absent();
  n = constant("n"), iterations = constant("iterations");
  start = array("start"), column = array("column"), value = array("value"), b = array("b"), y = floats(n);
  if (!variant("conjugateGradients")) return serve(times, (void **)&y, F32, n, 1), 0;
  x = floats(n), r = floats(n), p = floats(n);
  serve(conjugate_gradients, (void **)&x, F32, n, iterations);
}
