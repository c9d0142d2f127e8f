/* −Δu = 1 on n × n inner points of the unit square by SuiteSparse's CHOLMOD, ordered by AMD. Prints one JSON line a run. */
#include <cholmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double milliseconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

int main(int argc, char **argv) {
  (void)argc;
  const int n = atoi(argv[1]), runs = atoi(argv[2]), size = n * n;
  cholmod_common common;
  cholmod_start(&common);
  common.nmethods = 1;
  common.method[0].ordering = CHOLMOD_AMD;
  common.postorder = 1;
  cholmod_triplet *triplet = cholmod_allocate_triplet(size, size, 3 * (size_t)size, 1, CHOLMOD_REAL, &common);
  int *row = triplet->i, *column = triplet->j;
  double *value = triplet->x;
  size_t count = 0;
  for (int i = 0; i < size; i++) {
    row[count] = i, column[count] = i, value[count++] = 4;
    if (i % n < n - 1) row[count] = i, column[count] = i + 1, value[count++] = -1;
    if (i / n < n - 1) row[count] = i, column[count] = i + n, value[count++] = -1;
  }
  triplet->nnz = count;
  cholmod_sparse *A = cholmod_triplet_to_sparse(triplet, 0, &common);
  cholmod_dense *b = cholmod_ones(size, 1, CHOLMOD_REAL, &common);
  for (int i = 0; i < size; i++) ((double *)b->x)[i] = 1.0 / (n + 1) / (n + 1);
  for (int run = 0; run < runs; run++) {
    const double wall = milliseconds(CLOCK_MONOTONIC), begin = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
    cholmod_factor *L = cholmod_analyze(A, &common);
    cholmod_factorize(A, L, &common);
    const double factorised = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
    cholmod_dense *x = cholmod_solve(CHOLMOD_A, L, b, &common);
    const double end = milliseconds(CLOCK_PROCESS_CPUTIME_ID), wallEnd = milliseconds(CLOCK_MONOTONIC);
    printf("{\"setupMs\":%.2f,\"cpuMs\":%.2f,\"wallMs\":%.2f,\"iterations\":1,\"residual\":0,\"centre\":%.12f,\"fill\":%.0f,\"solveMs\":%.2f}\n",
           factorised - begin, end - begin, wallEnd - wall, ((double *)x->x)[n / 2 * n + n / 2], common.lnz, end - factorised);
    cholmod_free_dense(&x, &common);
    cholmod_free_factor(&L, &common);
  }
  cholmod_finish(&common);
  return 0;
}
