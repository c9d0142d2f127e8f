/*
 * What the native contenders share: their arguments, the runner's arrays, and the protocol of bench/contest.ts.
 *
 *   program variant folder name=value …        arrays are the files folder/name.bin
 */
#pragma once
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int count;
static char **words;

static int variant(const char *name) { return strcmp(words[1], name) == 0; }

static double constant(const char *name) {
  size_t length = strlen(name);
  for (int k = 3; k < count; k++)
    if (strncmp(words[k], name, length) == 0 && words[k][length] == '=') return atof(words[k] + length + 1);
  exit(3);
}

/* Aligned, zero, and with room to read a vector beyond the end. */
static void *room(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);
  return memset(memory, 0, (bytes + 127) / 64 * 64);
}
static float *floats(size_t n) { return room(n * sizeof(float)); }

static void *array(const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.bin", words[2], name);
  FILE *file = fopen(path, "rb");
  if (!file) exit(4);
  fseek(file, 0, SEEK_END);
  size_t bytes = ftell(file);
  rewind(file);
  void *memory = room(bytes);
  if (fread(memory, 1, bytes, file) != bytes) exit(5);
  fclose(file);
  return memory;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

enum type { F32, I32, U32, F64 };

static void digest(const void *a, enum type type, size_t n, double out[2]) {
  double square = 0, projection = 0;
  for (size_t i = 0; i < n; i++) {
    double value;
    if (type == F32) value = ((const float *)a)[i];
    else if (type == F64) value = ((const double *)a)[i];
    else if (type == I32) value = ((const int32_t *)a)[i];
    else value = ((const uint32_t *)a)[i];
    square += value * value;
    projection += value * (int32_t)((uint32_t)(i + 1) * 0x9e3779b1u) / 2147483648.0;
  }
  out[0] = sqrt(square);
  out[1] = projection;
}

/* Runs once, tells what came out (doubles one by one), and then whatever the runner asks for. `result` is where the numbers are after a run. */
static void serve(void (*run)(void), void **result, enum type type, size_t n, int units) {
  double start = now(), milliseconds, d[2];
  int runs;
  run();
  double first = (now() - start) / units;
  digest(*result, type, n, d);
  printf("{\"firstMs\":%.6f,\"digests\":[[%.9g,%.9g]]", first, d[0], d[1]);
  if (type == F64)
    for (size_t i = 0; i < n; i++) printf(i ? ",%.17g" : ",\"values\":[%.17g", ((const double *)*result)[i]);
  puts(type == F64 ? "]}" : "}");
  fflush(stdout);
  while (scanf("%lf %d", &milliseconds, &runs) == 2) {
    printf("{\"times\":[");
    clock_t before = clock();
    int k = 0;
    start = now();
    for (; k == 0 || (k < runs && now() - start < milliseconds); k++) {
      double begin = now();
      run();
      printf(k ? ",%.6f" : "%.6f", (now() - begin) / units);
    }
    printf("],\"cpu\":%.6f}\n", 1e3 * (clock() - before) / CLOCKS_PER_SEC / k / units);
    fflush(stdout);
  }
}

/* What a program says of a variant that it does not have. */
static int absent(void) { return puts("{\"failed\":\"takes no part in this case\"}"), 0; }
