"""SciPy's part in the cases of solver-cases.ts; protocol and arguments are those of ../native/contest.h, and method=… is the last one."""

import json
import sys
import time

import numpy as np
from scipy import optimize, sparse
from scipy.integrate import solve_ivp
from scipy.sparse import linalg

from scipy_beam import design


def trajectories(field, start, parameter, c):
    """Every 500th trajectory by Dormand and Prince's pair; the time is scaled up to all."""
    n = int(c["n"])
    step = max(1, n // 20)
    rtol = c["rtol"]

    def run():
        ends = [
            solve_ivp(field(parameter(i / n)), (0, c["seconds"]), start, method="RK45", rtol=rtol, atol=rtol).y[:, -1]
            for i in range(0, n, step)
        ]
        return np.concatenate([ends[0], ends[n // 2 // step]])

    return run, len(range(0, n, step)) / n


def lorenz(c):
    field = lambda rho: lambda t, y: (10 * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2])
    return trajectories(field, (1, 1, 1), lambda s: 24 + 8 * s, c)


def van_der_pol(c):
    field = lambda mu: lambda t, y: (y[1], mu * (1 - y[0] ** 2) * y[1] - y[0])
    return trajectories(field, (2, 0), lambda s: 1 + 9 * s, c)


def relaxation(c, method):
    """Van der Pol's oscillator with μ = 1000."""
    field = lambda t, y: (y[1], 1000 * (1 - y[0] ** 2) * y[1] - y[0])
    jacobian = lambda t, y: ((0, 1), (-2000 * y[0] * y[1] - 1, 1000 * (1 - y[0] ** 2)))
    solve = lambda: solve_ivp(field, (0, 2000), (2, 0), method=method, jac=jacobian, rtol=1e-6, atol=1e-6)
    return lambda: solve().y[:, -1], 1


def laplacian(c):
    side = int(c["side"])
    line = sparse.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(side, side)) * float((side + 1) ** 2)
    one = sparse.eye_array(side)
    return side, (sparse.kron(line, one) + sparse.kron(one, line)).tocsc()


def middle(side, u):
    return [u[side // 2 * (side + 1)]]


def direct(c):
    side, A = laplacian(c)
    b = np.ones(side * side)
    return lambda: middle(side, linalg.spsolve(A, b)), 1


def conjugate_gradients(c):
    side, A = laplacian(c)
    A, b = A.tocsr(), np.ones(side * side)
    return lambda: middle(side, linalg.cg(A, b, rtol=1e-8)[0]), 1


def smallest(c):
    """By inverses, with a factorisation."""
    side, A = laplacian(c)
    return lambda: np.sort(linalg.eigsh(A, k=4, sigma=0, return_eigenvectors=False)), 1


def misra(c):
    x = np.array([77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0])
    y = np.array([10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.4, 75.47, 81.78])
    residual = lambda b: b[0] * (1 - np.exp(-b[1] * x)) - y
    jacobian = lambda b: np.stack([1 - np.exp(-b[1] * x), b[0] * x * np.exp(-b[1] * x)], axis=1)
    return lambda: optimize.least_squares(residual, (500, 1e-4), jac=jacobian, x_scale=(500, 1e-4), ftol=1e-12, xtol=1e-12, gtol=1e-15).x, 1


def rosenbrock(c):
    n = int(c["n"])
    start = np.where(np.arange(n) % 2 == 0, -1.2, 1.0)
    options = {"maxiter": 100000, "maxfun": 1000000, "ftol": 0, "gtol": 1e-5}
    fit = lambda: optimize.minimize(optimize.rosen, start, jac=optimize.rosen_der, method="L-BFGS-B", options=options).x
    return lambda: [fit()[i] for i in (0, n // 2, n - 1)], 1


def beam(c):
    iterations = int(c["iterations"])
    return lambda: [design(int(c["nx"]), int(c["ny"]), c["radius"], iterations)], iterations


VARIANTS = {
    "lorenz": lorenz,
    "vanDerPol": van_der_pol,
    "relaxation": relaxation,
    "direct": direct,
    "conjugateGradients": conjugate_gradients,
    "smallest": smallest,
    "misra": misra,
    "rosenbrock": rosenbrock,
    "design": beam,
}


def main():
    variant, method = sys.argv[1], sys.argv[-1].removeprefix("method=")
    numbers = dict(word.split("=") for word in sys.argv[3:-1])
    constants = {name: float(value) for name, value in numbers.items()}
    make = VARIANTS[variant]
    run, units = make(constants, method) if variant == "relaxation" else make(constants)

    def timed():
        begin = time.perf_counter()
        made = run()
        return (time.perf_counter() - begin) * 1000 / units, made

    first, made = timed()
    print(json.dumps({"firstMs": first, "values": [float(v) for v in made]}, separators=(",", ":")), flush=True)
    for line in sys.stdin:
        milliseconds, runs = map(float, line.split())
        begin, before, times = time.perf_counter(), time.process_time(), []
        while not times or (len(times) < runs and (time.perf_counter() - begin) * 1000 < milliseconds):
            times.append(timed()[0])
        cpu = (time.process_time() - before) * 1000 / len(times) / units
        print(json.dumps({"times": times, "cpu": cpu}, separators=(",", ":")), flush=True)


main()
