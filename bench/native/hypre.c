/* −Δu = 1 on n × n inner points of the unit square to 1e-8: CG preconditioned by hypre's BoomerAMG. Prints one JSON line a run. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "HYPRE.h"
#include "HYPRE_IJ_mv.h"
#include "HYPRE_parcsr_ls.h"

static double milliseconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

static HYPRE_IJVector vector(int size, double value) {
  HYPRE_IJVector v;
  HYPRE_IJVectorCreate(MPI_COMM_WORLD, 0, size - 1, &v);
  HYPRE_IJVectorSetObjectType(v, HYPRE_PARCSR);
  HYPRE_IJVectorInitialize(v);
  for (HYPRE_BigInt i = 0; i < size; i++) HYPRE_IJVectorSetValues(v, 1, &i, &value);
  HYPRE_IJVectorAssemble(v);
  return v;
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  HYPRE_Init();
  const int n = atoi(argv[1]), runs = atoi(argv[2]), size = n * n;
  HYPRE_IJMatrix matrix;
  HYPRE_IJMatrixCreate(MPI_COMM_WORLD, 0, size - 1, 0, size - 1, &matrix);
  HYPRE_IJMatrixSetObjectType(matrix, HYPRE_PARCSR);
  HYPRE_IJMatrixInitialize(matrix);
  for (int i = 0; i < size; i++) {
    const int x = i % n, y = i / n;
    HYPRE_BigInt row = i, column[5];
    double value[5];
    int count = 0;
    if (y > 0) column[count] = i - n, value[count++] = -1;
    if (x > 0) column[count] = i - 1, value[count++] = -1;
    column[count] = i, value[count++] = 4;
    if (x < n - 1) column[count] = i + 1, value[count++] = -1;
    if (y < n - 1) column[count] = i + n, value[count++] = -1;
    HYPRE_IJMatrixSetValues(matrix, 1, &count, &row, column, value);
  }
  HYPRE_IJMatrixAssemble(matrix);
  HYPRE_ParCSRMatrix A;
  HYPRE_ParVector b, x;
  HYPRE_IJVector right = vector(size, 1.0 / (n + 1) / (n + 1)), left = vector(size, 0);
  HYPRE_IJMatrixGetObject(matrix, (void **)&A);
  HYPRE_IJVectorGetObject(right, (void **)&b);
  HYPRE_IJVectorGetObject(left, (void **)&x);
  for (int run = 0; run < runs; run++) {
    HYPRE_ParVectorSetConstantValues(x, 0);
    HYPRE_Solver cg, amg;
    HYPRE_ParCSRPCGCreate(MPI_COMM_WORLD, &cg);
    HYPRE_PCGSetMaxIter(cg, 200);
    HYPRE_PCGSetTol(cg, 1e-8);
    HYPRE_PCGSetTwoNorm(cg, 1);
    HYPRE_BoomerAMGCreate(&amg); /* HMIS, extended+i interpolation, symmetric Gauss-Seidel: its recommended setting */
    HYPRE_BoomerAMGSetCoarsenType(amg, 10);
    HYPRE_BoomerAMGSetInterpType(amg, 6);
    HYPRE_BoomerAMGSetPMaxElmts(amg, 4);
    HYPRE_BoomerAMGSetRelaxType(amg, 6);
    HYPRE_BoomerAMGSetTol(amg, 0);
    HYPRE_BoomerAMGSetMaxIter(amg, 1);
    HYPRE_PCGSetPrecond(cg, (HYPRE_PtrToSolverFcn)HYPRE_BoomerAMGSolve, (HYPRE_PtrToSolverFcn)HYPRE_BoomerAMGSetup, amg);
    const double wall = milliseconds(CLOCK_MONOTONIC), begin = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
    HYPRE_ParCSRPCGSetup(cg, A, b, x);
    const double middle = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
    HYPRE_ParCSRPCGSolve(cg, A, b, x);
    const double end = milliseconds(CLOCK_PROCESS_CPUTIME_ID), wallEnd = milliseconds(CLOCK_MONOTONIC);
    int iterations;
    double residual, centre;
    HYPRE_BigInt middlePoint = (HYPRE_BigInt)(n / 2) * n + n / 2;
    HYPRE_PCGGetNumIterations(cg, &iterations);
    HYPRE_PCGGetFinalRelativeResidualNorm(cg, &residual);
    HYPRE_IJVectorGetValues(left, 1, &middlePoint, &centre);
    printf("{\"setupMs\":%.2f,\"cpuMs\":%.2f,\"wallMs\":%.2f,\"iterations\":%d,\"residual\":%.3g,\"centre\":%.12f}\n",
           middle - begin, end - begin, wallEnd - wall, iterations, residual, centre);
    HYPRE_BoomerAMGDestroy(amg);
    HYPRE_ParCSRPCGDestroy(cg);
  }
  HYPRE_Finalize();
  MPI_Finalize();
  return 0;
}
