/* C = A B in blocks that stay in the caches: four rows of A against 64 rows of B at a time. No tuned library. */
#include "contest.h"

static int n;
static float *a, *b, *c;

static void forward(void) {
#pragma omp parallel for schedule(static)
  for (int i = 0; i < n; i += 4) {
    int rows = n - i < 4 ? n - i : 4;
    memset(c + (size_t)i * n, 0, sizeof(float) * rows * n);
    for (int from = 0; from < n; from += 64) {
      int to = from + 64 < n ? from + 64 : n;
      for (int k = from; k < to; k++) {
        const float *restrict row = b + (size_t)k * n;
        for (int r = 0; r < rows; r++) {
          float *restrict out = c + (size_t)(i + r) * n, factor = a[(size_t)(i + r) * n + k];
          for (int j = 0; j < n; j++) out[j] += factor * row[j];
        }
      }
    }
  }
}

int main(int count_, char **v) {
  count = count_, words = v;
  n = constant("n"), a = array("a"), b = array("b"), c = floats((size_t)n * n);
  serve(forward, (void **)&c, F32, (size_t)n * n, 1);
}
