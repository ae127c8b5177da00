"""Linear algebra against the leading terms of its algorithms, written out for matrices of 6 × 6, 8 × 6 and 6 × 8."""

from functools import partial

import torch

from tests.counting.rows import ids, row

aten = torch.ops.aten
SQUARE, HIGH, WIDE, SIDES = (2, 6, 6), (2, 8, 6), (2, 6, 8), (2, 6, 3)
GOOD = torch.eye(6).expand(2, 6, 6) * 2
PIVOTS = torch.ones(2, 6, dtype=torch.int32)
CUBE = 6**3

LINEAR_ALGEBRA = [
    # n³/3
    row("linalg_cholesky_ex", torch.linalg.cholesky, SQUARE, flops=2 * CUBE // 3),
    row("cholesky", torch.cholesky, SQUARE, flops=2 * CUBE // 3),
    row("linalg_ldl_factor_ex", lambda a: torch.linalg.ldl_factor_ex(a)[0], SQUARE, flops=2 * CUBE // 3),
    # 2·n³/3; of m × n: m·n² − n³/3 products, twice
    row("linalg_lu_factor_ex", torch.linalg.lu_factor_ex, SQUARE, flops=2 * 2 * CUBE // 3),
    row("linalg_lu_factor_ex", torch.linalg.lu_factor_ex, HIGH, flops=2 * (8 * 36 - 216 // 3), name="lu, high"),
    row("linalg_lu_factor_ex", torch.linalg.lu_factor_ex, WIDE, flops=2 * (8 * 36 - 216 // 3), name="lu, wide"),
    row("linalg_lu", torch.linalg.lu, SQUARE, flops=2 * 2 * CUBE // 3),
    row("linalg_det", torch.linalg.det, SQUARE, flops=2 * 2 * CUBE // 3),
    row("linalg_slogdet", torch.linalg.slogdet, SQUARE, flops=2 * 2 * CUBE // 3),
    row("lu_unpack", torch.lu_unpack, SQUARE, PIVOTS),
    # 2·n³, from a triangle 2·n³/3
    row("linalg_inv_ex", torch.linalg.inv, SQUARE, flops=2 * 2 * CUBE),
    row("cholesky_inverse", torch.cholesky_inverse, SQUARE, flops=2 * 2 * CUBE // 3),
    # 2·m·n² − 2·n³/3
    row("geqrf", torch.geqrf, torch.ones(HIGH), flops=2 * (2 * 8 * 36 - 2 * CUBE // 3)),
    row("geqrf", torch.geqrf, torch.ones(WIDE), flops=2 * (2 * 8 * 36 - 2 * CUBE // 3), name="geqrf, wide"),
    # 4·m·q·k − 2·(m + q)·k² + 4·k³/3 for q columns of Q from k reflectors
    row(
        "linalg_qr",
        torch.linalg.qr,
        HIGH,
        flops=2 * (2 * 8 * 36 - 2 * CUBE // 3 + 4 * 8 * 36 - 2 * 14 * 36 + 4 * CUBE // 3),
    ),
    row(
        "linalg_qr",
        partial(torch.linalg.qr, mode="complete"),
        HIGH,
        flops=2 * (2 * 8 * 36 - 2 * CUBE // 3 + 4 * 64 * 6 - 2 * 16 * 36 + 4 * CUBE // 3),
        name="linalg_qr, complete",
    ),
    row(
        "linalg_qr",
        partial(torch.linalg.qr, mode="r"),
        HIGH,
        flops=2 * (2 * 8 * 36 - 2 * CUBE // 3),
        name="linalg_qr, no Q",
    ),
    row(
        "linalg_householder_product",
        torch.linalg.householder_product,
        HIGH,
        (2, 6),
        flops=2 * (4 * 8 * 36 - 2 * 14 * 36 + 4 * CUBE // 3),
    ),
    # 4·m·n·k − 2·n·k², m being the side that is multiplied
    row("ormqr", torch.ormqr, HIGH, (2, 6), (2, 8, 5), flops=2 * (4 * 8 * 5 * 6 - 2 * 5 * 36)),
    row(
        "ormqr",
        partial(torch.ormqr, left=False),
        HIGH,
        (2, 6),
        (2, 5, 8),
        flops=2 * (4 * 8 * 5 * 6 - 2 * 5 * 36),
        name="ormqr, from the right",
    ),
    # n² for each triangle and column
    row(
        "linalg_solve_triangular",
        partial(torch.linalg.solve_triangular, upper=True),
        SQUARE,
        SIDES,
        flops=2 * 36 * 3,
    ),
    row("triangular_solve", torch.triangular_solve, SIDES, SQUARE, flops=2 * 36 * 3),
    row("linalg_lu_solve", torch.linalg.lu_solve, SQUARE, PIVOTS, SIDES, flops=2 * 2 * 36 * 3),
    row("linalg_ldl_solve", torch.linalg.ldl_solve, SQUARE, PIVOTS, SIDES, flops=2 * 2 * 36 * 3),
    row("cholesky_solve", torch.cholesky_solve, SIDES, SQUARE, flops=2 * 2 * 36 * 3),
    row("linalg_solve_ex", torch.linalg.solve, SQUARE, SIDES, flops=2 * (2 * CUBE // 3 + 2 * 36 * 3)),
    row(
        "linalg_solve_ex",
        torch.linalg.solve,
        SQUARE,
        (2, 6),
        flops=2 * (2 * CUBE // 3 + 2 * 36),
        name="linalg_solve_ex, a vector each",
    ),
    row(
        "linalg_lstsq",
        lambda a, b: torch.linalg.lstsq(a, b)[0],
        torch.ones(HIGH),
        torch.ones(2, 8, 3),
        flops=2 * (2 * 8 * 36 - 2 * CUBE // 3 + 4 * 8 * 3 * 6 - 2 * 3 * 36 + 36 * 3),
    ),
    # of m ≥ n: 14·m·n² + 8·n³, all vectors 4·m²·n + 8·m·n² + 9·n³, none 4·m·n² − 4·n³/3
    row(
        "linalg_svd",
        partial(torch.linalg.svd, full_matrices=False),
        HIGH,
        flops=2 * (14 * 8 * 36 + 8 * CUBE),
    ),
    row("linalg_svd", torch.linalg.svd, WIDE, flops=2 * (4 * 64 * 6 + 8 * 8 * 36 + 9 * CUBE), name="linalg_svd, all"),
    row("linalg_svdvals", torch.linalg.svdvals, HIGH, flops=2 * (4 * 8 * 36 - 4 * CUBE // 3)),
    row(
        "linalg_pinv",
        aten.linalg_pinv.atol_rtol_tensor,
        HIGH,
        flops=2 * (14 * 8 * 36 + 8 * CUBE + 6 * 8 + 2 * 8 * 6 * 6),
    ),
    # 9·n³, values alone 4·n³/3; of any matrix 25·n³ and 10·n³
    row("linalg_eigh", torch.linalg.eigh, SQUARE, flops=2 * 9 * CUBE),
    row("linalg_eigvalsh", torch.linalg.eigvalsh, SQUARE, flops=2 * 4 * CUBE // 3),
    row("linalg_eig", torch.linalg.eig, GOOD, flops=2 * 25 * CUBE),
    row("linalg_eigvals", torch.linalg.eigvals, GOOD, flops=2 * 10 * CUBE),
    # five products of 2·n³
    row("linalg_matrix_exp", torch.linalg.matrix_exp, SQUARE, flops=2 * 5 * 2 * CUBE),
    row("linalg_cross", torch.linalg.cross, (4, 3), (4, 3), flops=3 * 12),
    row("linalg_check_errors", lambda x: aten._linalg_check_errors(x, "op", is_matrix=True) or x, ids(0).int()),
]
