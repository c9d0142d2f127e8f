/* Short cases: Lennard-Jones forces, a sum, the triad of the STREAM benchmark, a radix sort, Mandelbrot's set. */
#include "contest.h"

static int n, limit;
static float cut, *x, *f, *z;
static int32_t *start, *neighbour, *counts;
static uint32_t *keys, *sorted, *other;

static void lennard_jones(void) {
#pragma omp parallel for schedule(static)
  for (int i = 0; i < n; i++) {
    float a = x[3 * i], b = x[3 * i + 1], c = x[3 * i + 2], fx = 0, fy = 0, fz = 0;
    for (int e = start[i]; e < start[i + 1]; e++) {
      const float *o = x + 3 * neighbour[e];
      float dx = a - o[0], dy = b - o[1], dz = c - o[2], square = dx * dx + dy * dy + dz * dz;
      if (square < cut) {
        float inverse = 1 / square, sixth = inverse * inverse * inverse, s = 24 * inverse * sixth * (2 * sixth - 1);
        fx += s * dx, fy += s * dy, fz += s * dz;
      }
    }
    f[3 * i] = fx, f[3 * i + 1] = fy, f[3 * i + 2] = fz;
  }
}

static void sum(void) {
  float total = 0;
#pragma omp parallel for schedule(static) reduction(+ : total)
  for (int i = 0; i < n; i++) total += x[i];
  f[0] = total;
}

static void triad(void) {
#pragma omp parallel for schedule(static)
  for (int i = 0; i < n; i++) f[i] = x[i] + 1.5f * z[i];
}

static void sort(void) {
  uint32_t *from = keys, *to = sorted;
  for (int shift = 0; shift < 32; shift += 8) {
    uint32_t place[257] = {0};
    for (int i = 0; i < n; i++) place[((from[i] >> shift) & 255) + 1]++;
    for (int d = 0; d < 256; d++) place[d + 1] += place[d];
    for (int i = 0; i < n; i++) to[place[(from[i] >> shift) & 255]++] = from[i];
    from = to, to = from == sorted ? other : sorted;
  }
  sorted = from, other = to;
}

static void mandelbrot(void) {
#pragma omp parallel for schedule(dynamic, 8)
  for (int r = 0; r < n; r++)
    for (int c = 0; c < n; c++) {
      float cx = -2 + 3.f * c / n, cy = -1.5f + 3.f * r / n, zx = 0, zy = 0;
      int k = 0;
      while (k < limit && zx * zx + zy * zy < 4) {
        float t = zx * zx - zy * zy + cx;
        zy = 2 * zx * zy + cy, zx = t, k++;
      }
      counts[r * n + c] = k;
    }
}

int main(int c, char **v) {
  count = c, words = v;
  n = variant("coldStart") ? 0 : constant("n");
  if (variant("lennardJones")) {
    cut = constant("cutoff") * constant("cutoff");
    x = array("x"), start = array("start"), neighbour = array("neighbour"), f = floats(3 * n);
    serve(lennard_jones, (void **)&f, F32, 3 * n, 1);
  } else if (variant("sum")) {
    x = array("x"), f = floats(1);
    serve(sum, (void **)&f, F32, 1, 1);
  } else if (variant("triad")) {
    x = array("x"), f = floats(n), z = floats(n);
    for (int i = 0; i < n; i++) z[i] = x[n - 1 - i];
    serve(triad, (void **)&f, F32, n, 1);
  } else if (variant("sort")) {
    keys = array("keys"), sorted = room(4 * (size_t)n), other = room(4 * (size_t)n);
    serve(sort, (void **)&sorted, U32, n, 1);
  } else if (variant("mandelbrot")) {
    limit = constant("limit"), counts = room(4 * (size_t)n * n);
    serve(mandelbrot, (void **)&counts, I32, (size_t)n * n, 1);
  } else {
    absent();
  }
}
