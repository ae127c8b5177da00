"""The FLOPs of dense linear algebra on one matrix, by the leading terms of the algorithm that LAPACK runs.

Sources: Blackford and Dongarra, "Installation Guide for LAPACK" (LAPACK Working Note 41, 1999), appendix C, for what is
a fixed sequence of steps (Cholesky, LU, QR and its factors, triangular solves, inverses); Golub and Van Loan, "Matrix
Computations" (4th edition, 2013), figure 8.6.1 and sections 7.5 and 8.3, for singular values and eigenvalues, whose
iterations are counted as many as they usually are. Terms of lower order are left out, and results are rounded.
"""

from __future__ import annotations

from fractions import Fraction


def _thirds(amount: int) -> int:
    return round(Fraction(amount, 3))


def cholesky(n: int) -> int:
    """``A = L·Lᵀ``: n³/3."""
    return _thirds(n**3)


def symmetric_indefinite(n: int) -> int:
    """``A = L·D·Lᵀ``: n³/3."""
    return _thirds(n**3)


def lu(m: int, n: int) -> int:
    """``A = P·L·U`` of m × n: 2·n³/3 of a square one."""
    k = min(m, n)
    return _thirds(6 * m * n * k - 3 * (m + n) * k * k + 2 * k**3)


def qr(m: int, n: int) -> int:
    """Householder's reflectors of m × n: 2·m·n² − 2·n³/3 where it is no wider than high."""
    k, longer = min(m, n), max(m, n)
    return _thirds(6 * longer * k * k - 2 * k**3)


def orthogonal_columns(m: int, columns: int, reflectors: int) -> int:
    """So many columns of Q from its reflectors."""
    return _thirds(12 * m * columns * reflectors - 6 * (m + columns) * reflectors**2 + 4 * reflectors**3)


def reflected(m: int, n: int, reflectors: int) -> int:
    """``Q · C`` with C of m × n and Q left as its reflectors: 4·m·n·k − 2·n·k²."""
    return 4 * m * n * reflectors - 2 * n * reflectors**2


def triangular_solve(n: int, columns: int) -> int:
    """``L·X = B``: n² for each column."""
    return n * n * columns


def inverse(n: int) -> int:
    """By LU: 2·n³."""
    return 2 * n**3


def inverse_by_cholesky(n: int) -> int:
    """``A⁻¹`` from its factor: 2·n³/3."""
    return _thirds(2 * n**3)


def least_squares(m: int, n: int, columns: int) -> int:
    """By QR: factorize, apply Qᵀ to the right-hand sides, solve a triangle."""
    k = min(m, n)
    return qr(m, n) + reflected(m, columns, k) + triangular_solve(k, columns)


def singular_values(m: int, n: int) -> int:
    """Without vectors: 4·m·n² − 4·n³/3 of m ≥ n (Golub and Reinsch)."""
    k, longer = min(m, n), max(m, n)
    return _thirds(12 * longer * k * k - 4 * k**3)


def singular_vectors(m: int, n: int, *, are_all: bool) -> int:
    """With the min(m, n) vectors of either side: 14·m·n² + 8·n³; with all of them 4·m²·n + 8·m·n² + 9·n³."""
    k, longer = min(m, n), max(m, n)
    if are_all:
        return 4 * longer**2 * k + 8 * longer * k**2 + 9 * k**3
    return 14 * longer * k**2 + 8 * k**3


def symmetric_eigenvalues(n: int, *, has_vectors: bool) -> int:
    """4·n³/3, with vectors 9·n³."""
    return 9 * n**3 if has_vectors else _thirds(4 * n**3)


def eigenvalues(n: int, *, has_vectors: bool) -> int:
    """Of any matrix: 10·n³, with vectors 25·n³."""
    return (25 if has_vectors else 10) * n**3


def exponential(n: int) -> int:
    """Taylor's polynomial of degree 18 by 5 products (Bader, Blanes and Casas 2019).

    The squarings are left out: how many there are depends on the values.
    """
    return 5 * 2 * n**3
