"""Numbers that are names, and numbers that are figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archstat.report.writing.figures import GAP, figures

NAMES = """
ResNet-50 | VGG-16's | conv1 | fc6 | C3 | conv2_x | Inception-v4 | CS231n | top-5 | ILSVRC-2014 | ILSVRC'14 | 2D
3D-conv
3×3 | 1x1 | 224×224 | 28×28×192 | 28 × 28 × 192 | 7×7/2 | 1×7 and 7×1
2015 | in 1998. | (2012) | 2012–2015 | the 1990s
Table 1 | Tables 1 and 2 | Fig. 3 | Figure 3a | figures 3, 4 | §3.5 | § 2 | section 2 | Sec. 4.1 | lecture 9 | slide 55
slides 32-34 | slides 54 and 55 | equation 2 | Eq. (2) | page 7 | pp. 3–5 | line 138 | appendix 2
layer1.0.conv1 | features.0 | float32 | 32-bit | 10-crop | arXiv:1512.03385 | EfficientNet-B0 | ResNet-50/101 | U-Net
"""


@pytest.mark.parametrize(
    "text", [name.strip() for line in NAMES.splitlines() for name in line.split("|") if name.strip()]
)
def test_a_number_in_a_name_is_no_figure(text):
    assert list(figures(text)) == []
    assert list(figures(f"See {text}, of course.")) == []


FIGURES = """
4.09 | 138M | 138 million | 60,000 | 22-layer | 8-way | 25 % | 25% | 2× | 8.55x | x8 | ×9
64 channels | stride 2 | 1,000
-5 | 3.8e9 | 20.9 ms | 96MB | 10⁶ | ½ | 2048 | 2048 maps | 2,048 | 1.5 | 2015.5 | 2015M | 19999
5th | ~24 | n=3 | 12345
3·3·64 | 2.5×3 | 3×3.5 | 1,000×2 | Table 1,000 | slide 55.5% | slides 3, 358M | line 3×
"""


@pytest.mark.parametrize(
    "text", [each.strip() for line in FIGURES.splitlines() for each in line.split("|") if each.strip()]
)
def test_any_other_number_is_a_figure(text):
    assert list(figures(text))
    assert list(figures(f"It has {text} of them."))


def test_a_figure_is_named_whole_with_the_place_where_it_begins():
    assert list(figures("It costs 60,000 MACs and 25 % more.")) == [(9, "60,000"), (25, "25 %")]


def test_a_figure_beside_a_name_is_found():
    assert [number for _, number in figures("AlexNet (2012) has 8 layers in Table 2, VGG-16 138M.")] == ["8", "138M"]


def test_what_stands_beside_a_citation_is_no_name_for_it():
    assert [number for _, number in figures(f"{GAP}-5 and {GAP} 6")] == ["5", "6"]


@given(st.integers(0, 10**9))
def test_a_bare_number_is_a_figure_unless_it_can_be_a_year(number):
    is_year = 1900 <= number <= 2099 and number != 2048
    assert bool(list(figures(f"{number} of them"))) is not is_year
