"""Products of groups of rows, whose types torch's own kernel without values refuses."""

import pytest
import torch
from torch import nn

import archstat
from archstat.tracing.grouped import GROUPED

aten = torch.ops.aten
PAIRS = {"2 and 3": (2, 3), "2 and 2": (2, 2), "3 and 2": (3, 2), "3 and 3": (3, 3)}


def arguments(rank_a, rank_b, dtype):
    """Two groups, of 3 and 5 rows."""
    a, b = torch.ones(2, 8, 8, dtype=dtype), torch.ones(2, 8, 16, dtype=dtype)
    offs = None if rank_a == rank_b == 3 else torch.tensor([3, 8], dtype=torch.int32)
    return (a if rank_a == 3 else a[0]), (b if rank_b == 3 else b[0, :, :8].contiguous()), offs


class Grouped(nn.Module):
    def __init__(self, dtype=torch.float32):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 8, 16, dtype=dtype))

    def forward(self, x, offs):
        return aten._grouped_mm(x, self.weight, offs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("ranks", PAIRS.values(), ids=PAIRS)
def test_a_grouped_product_has_the_shape_that_a_cpu_makes(ranks, dtype):
    a, b, offs = arguments(*ranks, dtype)
    real = aten._grouped_mm(a, b, offs)

    told = GROUPED[aten._grouped_mm.default](a.to("meta"), b.to("meta"), offs if offs is None else offs.to("meta"))

    assert (told.shape, told.stride(), told.dtype) == (real.shape, real.stride(), real.dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_a_grouped_product_is_counted_without_values(dtype):
    network = Grouped(dtype).to("meta")
    cost = archstat.count(
        network, torch.ones(8, 8, dtype=dtype, device="meta"), torch.tensor([3, 8], dtype=torch.int32)
    )
    assert cost.forward == "meta"
    assert cost.macs == 8 * 8 * 16
    assert cost.uncounted == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a, b, offs: (a[None, None], b, offs), "must be 2D or 3D"),
        (lambda a, b, offs: (a[:, :4], b, offs), "contraction dimension"),
        (lambda a, b, _: (a, b, None), "offs"),
        (lambda a, b, offs: (a, b[..., :7].contiguous(), offs), "multiple of 16 bytes"),
        (lambda a, b, offs: (a.double(), b.double(), offs), "Expected"),
        (lambda a, b, offs: (a, b.half(), offs), "Expected"),
    ],
)
def test_what_a_cpu_refuses_is_refused_without_values(change, says):
    a, b, offs = change(*arguments(2, 3, torch.float32))
    with pytest.raises(RuntimeError):
        aten._grouped_mm(a, b, offs)
    with pytest.raises(RuntimeError, match=says):
        GROUPED[aten._grouped_mm.default](a.to("meta"), b.to("meta"), offs if offs is None else offs.to("meta"))
