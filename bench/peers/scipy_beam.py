"""
The beam of ../../scenes/mbb-beam: least compliance for half of the material, assembled and solved by SciPy.

Elements are summed into a compressed matrix whose places are worked out once; a sparse direct solve gives displacements, and the
gradient is that of an element's energy. Sensitivities are filtered by a sparse matrix of weights.
"""

import numpy as np
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import spsolve

POISSON = 0.3
VOID = 1e-9
MOVE = 0.2


def element():
    """Stiffness of a unit square in plane stress, by 2 × 2 Gauss points."""
    D = np.array([[1, POISSON, 0], [POISSON, 1, 0], [0, 0, (1 - POISSON) / 2]]) / (1 - POISSON**2)
    K = np.zeros((8, 8))
    for x in 0.5 + np.array([-1, 1]) / np.sqrt(12):
        for y in 0.5 + np.array([-1, 1]) / np.sqrt(12):
            B = np.zeros((3, 8))
            for a, (cx, cy) in enumerate([(0, 0), (1, 0), (1, 1), (0, 1)]):
                dx = (1 if cx else -1) * (y if cy else 1 - y)
                dy = (x if cx else 1 - x) * (1 if cy else -1)
                B[:, 2 * a : 2 * a + 2] = [[dx, 0], [0, dy], [dy, dx]]
            K += B.T @ D @ B / 4
    return K


def prepare(nx, ny):
    """Unknowns of each element, −1 where held; and where in the compressed matrix each of their products goes."""
    node = np.arange((nx + 1) * (ny + 1)).reshape(nx + 1, ny + 1)  # from the top
    held = np.zeros((nx + 1, ny + 1, 2), bool)
    held[0, :, 0] = True
    held[nx, ny, 1] = True
    number = np.where(held.ravel(), -1, np.cumsum(~held.ravel()) - 1)
    corners = np.stack([node[:-1, 1:], node[1:, 1:], node[1:, :-1], node[:-1, :-1]], axis=-1).reshape(-1, 4)
    unknown = number[np.stack([2 * corners, 2 * corners + 1], axis=-1).reshape(-1, 8)]
    row = np.repeat(unknown, 8, axis=1).ravel()
    column = np.tile(unknown, (1, 8)).ravel()
    kept = np.flatnonzero((row >= 0) & (column >= 0))
    n = number.max() + 1
    places, at = np.unique(column[kept] * n + row[kept], return_inverse=True)
    start = np.searchsorted(places // n, np.arange(n + 1))
    return n, unknown, kept, at, (places % n).astype(np.int32), start.astype(np.int32), number[1]


def cone(nx, ny, radius):
    """Weights max(0, r − distance), as a matrix; its rows sum to one."""
    reach = int(np.ceil(radius)) - 1
    i, j = np.meshgrid(np.arange(nx), np.arange(ny), indexing="ij")
    rows, columns, weights = [], [], []
    for a in range(-reach, reach + 1):
        for b in range(-reach, reach + 1):
            weight = radius - np.hypot(a, b)
            inside = (i + a >= 0) & (i + a < nx) & (j + b >= 0) & (j + b < ny)
            if weight <= 0:
                continue
            rows.append((i * ny + j)[inside])
            columns.append(((i + a) * ny + j + b)[inside])
            weights.append(np.full(inside.sum(), weight))
    H = coo_array((np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))).tocsr()
    H.data /= np.repeat(H.sum(axis=1), np.diff(H.indptr))
    return H


PREPARED = {}


def design(nx, ny, radius, iterations):
    """Compliance of the last design that is analysed."""
    key = (nx, ny, radius)
    if key not in PREPARED:
        PREPARED[key] = (element(), prepare(nx, ny), cone(nx, ny, radius))
    K, (n, unknown, kept, at, rows, start, loaded), H = PREPARED[key]
    f = np.zeros(n)
    f[loaded] = -1
    x = np.full(nx * ny, 0.5)
    for _ in range(iterations):
        young = VOID + x**3 * (1 - VOID)
        entries = (young[:, None] * K.ravel()).ravel()[kept]
        matrix = csc_array((np.bincount(at, entries, rows.size), rows, start), shape=(n, n))
        u = np.append(spsolve(matrix, f), 0)  # held unknowns, −1, are the zero at the end
        energy = np.einsum("ei,ij,ej->e", u[unknown], K, u[unknown], optimize=True)
        compliance = young @ energy
        dc = (H @ (x * (-3 * x**2 * (1 - VOID) * energy))) / np.maximum(1e-3, x)
        low, high = 0.0, 1e9
        while (high - low) / (low + high) > 1e-3:
            middle = (low + high) / 2
            wanted = x * np.sqrt(np.maximum(0, -dc) / middle)
            built = np.maximum(0, np.maximum(x - MOVE, np.minimum(1, np.minimum(x + MOVE, wanted))))
            if built.sum() > 0.5 * nx * ny:
                low = middle
            else:
                high = middle
        x = built
    return compliance
