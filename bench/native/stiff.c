/*
 * Stiff problems and their gradients by CVODES: BDF forward, and backward the adjoint equations between checkpoints.
 *
 *   roberts              ẏ₁ = −p₁y₁ + p₂y₂y₃, ẏ₃ = p₃y₂², y₁ + y₂ + y₃ = 1; G = ∫y₃ dt, and p ∂G/∂p
 *   advectionDiffusion   u_t = u_xx + 1.5 u_x + u_yy on [0, 2] × [0, 1], 0 around; G = ∫∫∫u, and λ = ∂G/∂u₀ per area
 *
 * Tolerances and checkpoints are those of SUNDIALS' examples cvsRoberts_ASAi_dns and cvsAdvDiff_ASAi_bnd.
 */
#include "contest.h"
#include <cvodes/cvodes.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_band.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_band.h>
#include <sunmatrix/sunmatrix_dense.h>

#define DATA(v) NV_DATA_S(v)
static SUNContext context;
static double found[4];

static void must(int flag, const char *what) {
  if (flag >= 0) return;
  fprintf(stderr, "error: %s returned %d\n", what, flag);
  exit(6);
}

/* Roberts */

static double p[3] = {0.04, 1e4, 3e7};

static int roberts(double t, N_Vector v, N_Vector rate, void *user) {
  const double *y = DATA(v);
  double *f = DATA(rate), a = p[0] * y[0], b = p[1] * y[1] * y[2], c = p[2] * y[1] * y[1];
  f[0] = b - a, f[1] = a - b - c, f[2] = c;
  return 0;
}
static int roberts_jacobian(double t, N_Vector v, N_Vector rate, SUNMatrix J, void *user, N_Vector a, N_Vector b, N_Vector c) {
  const double *y = DATA(v), to3 = 2 * p[2] * y[1];
  double *c0 = SM_COLUMN_D(J, 0), *c1 = SM_COLUMN_D(J, 1), *c2 = SM_COLUMN_D(J, 2);
  c0[0] = -p[0], c1[0] = p[1] * y[2], c2[0] = p[1] * y[1];
  c0[1] = p[0], c1[1] = -c1[0] - to3, c2[1] = -c2[0];
  c0[2] = 0, c1[2] = to3, c2[2] = 0;
  return 0;
}
static int roberts_goal(double t, N_Vector v, N_Vector q, void *user) { return DATA(q)[0] = DATA(v)[2], 0; }

/* −λ̇ = fᵧᵀλ + (0, 0, 1) */
static int roberts_adjoint(double t, N_Vector v, N_Vector vb, N_Vector rate, void *user) {
  const double *y = DATA(v), *l = DATA(vb), l01 = l[0] - l[1];
  double *f = DATA(rate);
  f[0] = p[0] * l01;
  f[1] = -p[1] * y[2] * l01 + 2 * p[2] * y[1] * (l[1] - l[2]);
  f[2] = -p[1] * y[1] * l01 - 1;
  return 0;
}
static int roberts_adjoint_jacobian(double t, N_Vector v, N_Vector vb, N_Vector rate, SUNMatrix J, void *user, N_Vector a, N_Vector b, N_Vector c) {
  const double *y = DATA(v), u = p[1] * y[2], w = p[1] * y[1], s = 2 * p[2] * y[1];
  double *c0 = SM_COLUMN_D(J, 0), *c1 = SM_COLUMN_D(J, 1), *c2 = SM_COLUMN_D(J, 2);
  c0[0] = p[0], c1[0] = -p[0], c2[0] = 0;
  c0[1] = -u, c1[1] = u + s, c2[1] = -s;
  c0[2] = -w, c1[2] = w, c2[2] = 0;
  return 0;
}
static int roberts_adjoint_goal(double t, N_Vector v, N_Vector vb, N_Vector q, void *user) {
  const double *y = DATA(v), *l = DATA(vb), l01 = l[0] - l[1];
  DATA(q)[0] = l01 * y[0], DATA(q)[1] = -l01 * y[1] * y[2], DATA(q)[2] = (l[1] - l[2]) * y[1] * y[1];
  return 0;
}

static void run_roberts(int gradient) {
  const double end = constant("seconds"), tolerances[3] = {1e-8, 1e-14, 1e-6};
  N_Vector y = N_VNew_Serial(3, context), each = N_VClone(y), q = N_VNew_Serial(1, context);
  memcpy(DATA(each), tolerances, sizeof tolerances);
  N_VConst(0, y), N_VConst(0, q), DATA(y)[0] = 1;
  void *cv = CVodeCreate(CV_BDF, context);
  must(CVodeInit(cv, roberts, 0, y), "CVodeInit");
  CVodeSVtolerances(cv, 1e-6, each);
  SUNMatrix J = SUNDenseMatrix(3, 3, context);
  SUNLinearSolver solver = SUNLinSol_Dense(y, J, context);
  CVodeSetLinearSolver(cv, solver, J), CVodeSetJacFn(cv, roberts_jacobian), CVodeSetMaxNumSteps(cv, 100000);
  CVodeQuadInit(cv, roberts_goal, q), CVodeQuadSStolerances(cv, 1e-6, 1e-6), CVodeSetQuadErrCon(cv, 1);
  double t;
  int checkpoints;
  if (gradient) CVodeAdjInit(cv, 150, CV_HERMITE), must(CVodeF(cv, end, y, &t, CV_NORMAL, &checkpoints), "CVodeF");
  else must(CVode(cv, end, y, &t, CV_NORMAL), "CVode");
  CVodeGetQuad(cv, &t, q);
  found[0] = DATA(q)[0];
  if (gradient) {
    N_Vector l = N_VClone(y), g = N_VNew_Serial(3, context);
    N_VConst(0, l), N_VConst(0, g);
    int which;
    CVodeCreateB(cv, CV_BDF, &which);
    must(CVodeInitB(cv, which, roberts_adjoint, end, l), "CVodeInitB");
    CVodeSStolerancesB(cv, which, 1e-6, 1e-8), CVodeSetMaxNumStepsB(cv, which, 100000);
    SUNMatrix JB = SUNDenseMatrix(3, 3, context);
    SUNLinearSolver solverB = SUNLinSol_Dense(l, JB, context);
    CVodeSetLinearSolverB(cv, which, solverB, JB), CVodeSetJacFnB(cv, which, roberts_adjoint_jacobian);
    CVodeQuadInitB(cv, which, roberts_adjoint_goal, g), CVodeQuadSStolerancesB(cv, which, 1e-6, 1e-6), CVodeSetQuadErrConB(cv, which, 1);
    must(CVodeB(cv, 0, CV_NORMAL), "CVodeB");
    CVodeGetB(cv, which, &t, l), CVodeGetQuadB(cv, which, &t, g);
    for (int k = 0; k < 3; k++) found[k] = p[k] * DATA(g)[k];
    N_VDestroy(l), N_VDestroy(g), SUNLinSolFree(solverB), SUNMatDestroy(JB);
  }
  CVodeFree(&cv), N_VDestroy(y), N_VDestroy(each), N_VDestroy(q), SUNLinSolFree(solver), SUNMatDestroy(J);
}

/* Advection and diffusion */

static int mx, my;
static double dx, dy, left, right, side, middle;

static int spread(double t, N_Vector v, N_Vector rate, void *user) {
  const double *u = DATA(v);
  double *f = DATA(rate);
  for (int i = 0; i < mx; i++)
    for (int j = 0; j < my; j++) {
      const int k = i * my + j;
      f[k] = middle * u[k] + side * ((j > 0 ? u[k - 1] : 0) + (j < my - 1 ? u[k + 1] : 0)) + left * (i > 0 ? u[k - my] : 0) +
             right * (i < mx - 1 ? u[k + my] : 0);
    }
  return 0;
}
/* −λ̇ = Aᵀλ + 1 */
static int spread_adjoint(double t, N_Vector v, N_Vector vb, N_Vector rate, void *user) {
  const double *u = DATA(vb);
  double *f = DATA(rate);
  for (int i = 0; i < mx; i++)
    for (int j = 0; j < my; j++) {
      const int k = i * my + j;
      f[k] = -(middle * u[k] + side * ((j > 0 ? u[k - 1] : 0) + (j < my - 1 ? u[k + 1] : 0)) + right * (i > 0 ? u[k - my] : 0) +
               left * (i < mx - 1 ? u[k + my] : 0)) - 1;
    }
  return 0;
}
static void band(SUNMatrix J, double sign, double before, double after) {
  for (int i = 0; i < mx; i++)
    for (int j = 0; j < my; j++) {
      const int k = i * my + j;
      double *column = SUNBandMatrix_Column(J, k);
      SM_COLUMN_ELEMENT_B(column, k, k) = sign * middle;
      if (i > 0) SM_COLUMN_ELEMENT_B(column, k - my, k) = sign * after;
      if (i < mx - 1) SM_COLUMN_ELEMENT_B(column, k + my, k) = sign * before;
      if (j > 0) SM_COLUMN_ELEMENT_B(column, k - 1, k) = sign * side;
      if (j < my - 1) SM_COLUMN_ELEMENT_B(column, k + 1, k) = sign * side;
    }
}
static int spread_jacobian(double t, N_Vector v, N_Vector rate, SUNMatrix J, void *user, N_Vector a, N_Vector b, N_Vector c) {
  return band(J, 1, left, right), 0;
}
static int spread_adjoint_jacobian(double t, N_Vector v, N_Vector vb, N_Vector rate, SUNMatrix J, void *user, N_Vector a, N_Vector b, N_Vector c) {
  return band(J, -1, right, left), 0;
}
static int spread_goal(double t, N_Vector v, N_Vector q, void *user) {
  double sum = 0;
  for (int k = 0; k < mx * my; k++) sum += DATA(v)[k];
  return DATA(q)[0] = sum * dx * dy, 0;
}

static void run_spread(int gradient) {
  N_Vector u = N_VNew_Serial(mx * my, context), q = N_VNew_Serial(1, context);
  for (int i = 0; i < mx; i++)
    for (int j = 0; j < my; j++) {
      const double x = (i + 1) * dx, y = (j + 1) * dy;
      DATA(u)[i * my + j] = x * (2 - x) * y * (1 - y) * exp(5 * x * y);
    }
  N_VConst(0, q);
  void *cv = CVodeCreate(CV_BDF, context);
  must(CVodeInit(cv, spread, 0, u), "CVodeInit");
  CVodeSStolerances(cv, 0, 1e-5);
  SUNMatrix J = SUNBandMatrix(mx * my, my, my, context);
  SUNLinearSolver solver = SUNLinSol_Band(u, J, context);
  CVodeSetLinearSolver(cv, solver, J), CVodeSetJacFn(cv, spread_jacobian), CVodeQuadInit(cv, spread_goal, q);
  double t;
  int checkpoints;
  if (gradient) CVodeAdjInit(cv, 50, CV_HERMITE), must(CVodeF(cv, 1, u, &t, CV_NORMAL, &checkpoints), "CVodeF");
  else must(CVode(cv, 1, u, &t, CV_NORMAL), "CVode");
  CVodeGetQuad(cv, &t, q);
  found[0] = DATA(q)[0];
  if (gradient) {
    N_Vector l = N_VClone(u);
    N_VConst(0, l);
    int which;
    CVodeCreateB(cv, CV_BDF, &which);
    must(CVodeInitB(cv, which, spread_adjoint, 1, l), "CVodeInitB");
    CVodeSStolerancesB(cv, which, 1e-6, 1e-5);
    SUNMatrix JB = SUNBandMatrix(mx * my, my, my, context);
    SUNLinearSolver solverB = SUNLinSol_Band(l, JB, context);
    CVodeSetLinearSolverB(cv, which, solverB, JB), CVodeSetJacFnB(cv, which, spread_adjoint_jacobian);
    must(CVodeB(cv, 0, CV_NORMAL), "CVodeB");
    CVodeGetB(cv, which, &t, l);
    found[0] = N_VMaxNorm(l), found[1] = DATA(l)[mx / 2 * my + my / 2];
    N_VDestroy(l), SUNLinSolFree(solverB), SUNMatDestroy(JB);
  }
  CVodeFree(&cv), N_VDestroy(u), N_VDestroy(q), SUNLinSolFree(solver), SUNMatDestroy(J);
}

/* One after the other; what is found for the first of them stays. */
static void each_roberts(int gradient) {
  const int n = constant("n");
  for (int i = n - 1; i >= 0; i--) p[0] = 0.04 * (1 + (double)i / n), run_roberts(gradient);
}
static void roberts_value(void) { each_roberts(0); }
static void roberts_gradient(void) { each_roberts(1); }
static void spread_value(void) { run_spread(0); }
static void spread_gradient(void) { run_spread(1); }

int main(int argc, char **argv) {
  count = argc, words = argv;
  must(SUNContext_Create(NULL, &context), "SUNContext_Create");
  void *result = found;
  if (variant("roberts")) return serve(roberts_value, &result, F64, 1, 1), 0;
  if (variant("robertsGradient")) return serve(roberts_gradient, &result, F64, 3, 1), 0;
  if (!variant("advectionDiffusion") && !variant("advectionDiffusionGradient")) return absent();
  mx = constant("mx"), my = constant("my"), dx = 2.0 / (mx + 1), dy = 1.0 / (my + 1);
  side = 1 / (dy * dy), middle = -2 * side - 2 / (dx * dx);
  left = 1 / (dx * dx) - 1.5 / (2 * dx), right = 1 / (dx * dx) + 1.5 / (2 * dx);
  if (variant("advectionDiffusion")) return serve(spread_value, &result, F64, 1, 1), 0;
  return serve(spread_gradient, &result, F64, 2, 1), 0;
}
