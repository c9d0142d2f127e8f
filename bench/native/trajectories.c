/*
 * Many small systems, each with steps of its own: Tsitouras's 5(4) pair and a PI controller, one trajectory after the other.
 *
 *   lorenz      ẋ = 10 (y − x), ẏ = x (ρ − z) − y, ż = x y − 8/3 z          from (1, 1, 1), ρ = 24 … 32
 *   vanDerPol   ẋ = y, ẏ = μ (1 − x²) y − x                                 from (2, 0), μ = 1 … 10
 *
 * The gradient, of Σ|y(T)|² in starts and parameters, follows the steps that were accepted back, by hand-written adjoints.
 * Tsitouras, Computers & Mathematics with Applications 62 (2011) 770.
 */
#include "contest.h"

enum { most = 3, longest = 4096, stages = 7 };
static const double a[stages][6] = {
    {0},
    {0.161},
    {-0.008480655492356989, 0.335480655492357},
    {2.8971530571054935, -6.359448489975075, 4.3622954328695815},
    {5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525},
    {5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383},
    {0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774},
};
static const double e[stages] = {0.09646076681806523 - 0.09468075576583945,
                                 0.01 - 0.009183565540343254,
                                 0.4798896504144996 - 0.4877705284247616,
                                 1.379008574103742 - 1.234297566930479,
                                 -3.290069515436081 + 2.7077123499835256,
                                 2.324710524099774 - 1.866628418170587,
                                 -1.0 / 66};

static int n, isLorenz, size;
static double seconds, rtol, *ends, *gradients, found[8];

static inline void rate(const double *y, double p, double *f) {
  if (isLorenz) f[0] = 10 * (y[1] - y[0]), f[1] = y[0] * (p - y[2]) - y[1], f[2] = y[0] * y[1] - 8.0 / 3 * y[2];
  else f[0] = y[1], f[1] = p * (1 - y[0] * y[0]) * y[1] - y[0];
}

/* Adds fᵧᵀ w and f_pᵀ w. Only Lorenz's gradient is asked for. */
static inline void rate_adjoint(const double *y, double p, const double *w, double *yBar, double *pBar) {
  yBar[0] += -10 * w[0] + (p - y[2]) * w[1] + y[1] * w[2];
  yBar[1] += 10 * w[0] - w[1] + y[0] * w[2];
  yBar[2] += -y[0] * w[1] - 8.0 / 3 * w[2];
  *pBar += y[0] * w[1];
}

static inline void stage(int s, const double *y, double h, double k[stages][most], double *at) {
  for (int i = 0; i < size; i++) {
    double sum = 0;
    for (int j = 0; j < s; j++) sum += a[s][j] * k[j][i];
    at[i] = y[i] + h * sum;
  }
}

/* Integrates y; tells how many steps were taken, and notes where they began and their lengths. */
static int integrate(double *y, double p, double (*path)[most], double *lengths) {
  double t = 0, h = 1e-3, before = 1, k[stages][most], next[most];
  int steps = 0, refused = 0;
  rate(y, p, k[0]);
  while (t < seconds) {
    const int last = t + h * 1.000001 >= seconds;
    if (last) h = seconds - t;
    for (int s = 1; s < stages; s++) stage(s, y, h, k, next), rate(next, p, k[s]);
    double square = 0;
    for (int i = 0; i < size; i++) {
      double error = 0;
      for (int s = 0; s < stages; s++) error += e[s] * k[s][i];
      const double r = h * error / (rtol + rtol * fmax(fabs(y[i]), fabs(next[i])));
      square += r * r;
    }
    const double error = fmax(sqrt(square / size), 1e-8);
    if (error <= 1) {
      if (path) memcpy(path[steps], y, size * sizeof *y), lengths[steps] = h;
      if (++steps == longest) exit(7);
      memcpy(y, next, size * sizeof *y), memcpy(k[0], k[stages - 1], sizeof k[0]);
      t = last ? seconds : t + h;
      h *= fmin(refused ? 1 : 10, fmax(0.2, 0.9 * pow(error, -0.85 / 5) * pow(before, 0.2 / 5)));
      before = error, refused = 0;
    } else h *= fmax(0.2, 0.9 * pow(error, -1.0 / 5)), refused = 1;
  }
  return steps;
}

static void back(double *yBar, double *pBar, double p, int steps, double (*path)[most], const double *lengths) {
  double k[stages][most], at[stages][most], kBar[stages][most];
  while (steps-- > 0) {
    const double *y = path[steps], h = lengths[steps];
    memcpy(at[0], y, sizeof at[0]), rate(y, p, k[0]);
    for (int s = 1; s < stages - 1; s++) stage(s, y, h, k, at[s]), rate(at[s], p, k[s]);
    for (int s = 0; s < stages - 1; s++)
      for (int i = 0; i < size; i++) kBar[s][i] = h * a[stages - 1][s] * yBar[i];
    for (int s = stages - 2; s >= 0; s--) {
      double back[most] = {0};
      rate_adjoint(at[s], p, kBar[s], back, pBar);
      for (int i = 0; i < size; i++) {
        yBar[i] += back[i];
        for (int j = 0; j < s; j++) kBar[j][i] += h * a[s][j] * back[i];
      }
    }
  }
}

static double parameter(int i) { return isLorenz ? 24 + 8.0 * i / n : 1 + 9.0 * i / n; }
static void begin(double *y) { y[0] = isLorenz ? 1 : 2, y[1] = isLorenz ? 1 : 0, y[2] = 1; }

static void values(void) {
#pragma omp parallel for schedule(dynamic, 64)
  for (int i = 0; i < n; i++) begin(ends + i * most), integrate(ends + i * most, parameter(i), NULL, NULL);
  for (int i = 0; i < size; i++) found[i] = ends[i], found[size + i] = ends[n / 2 * most + i];
}

static void gradient(void) {
#pragma omp parallel
  {
    double(*path)[most] = malloc(longest * sizeof *path), *lengths = malloc(longest * sizeof *lengths);
#pragma omp for schedule(dynamic, 64)
    for (int i = 0; i < n; i++) {
      double y[most], *bar = gradients + 4 * i;
      begin(y);
      const int steps = integrate(y, parameter(i), path, lengths);
      for (int c = 0; c < size; c++) bar[c] = 2 * y[c];
      bar[3] = 0;
      back(bar, bar + 3, parameter(i), steps, path, lengths);
    }
    free(path), free(lengths);
  }
  memcpy(found, gradients, 4 * sizeof *found), memcpy(found + 4, gradients + 4 * (n / 2), 4 * sizeof *found);
}

int main(int argc, char **argv) {
  count = argc, words = argv;
  n = constant("n"), seconds = constant("seconds"), rtol = constant("rtol");
  isLorenz = strncmp(argv[1], "lorenz", 6) == 0, size = isLorenz ? 3 : 2;
  ends = room(n * most * sizeof *ends), gradients = room(4 * n * sizeof *gradients);
  void *result = found;
  if (variant("lorenz") || variant("vanDerPol")) return serve(values, &result, F64, 2 * size, 1), 0;
  if (variant("lorenzGradient")) return serve(gradient, &result, F64, 8, 1), 0;
  return absent();
}
