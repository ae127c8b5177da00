"""Claims against counts."""

import functools
import re

import pytest

from archstat.analysis.inference import analyse
from archstat.analysis.network import Saved
from archstat.claims import check, claims_of, summary
from archstat.errors import DataError

analysed = functools.cache(analyse)


def found(text):
    """The only finding of a file."""
    (finding,) = check(claims_of(f"[[claim]]\nid = 'a'\n{text}", "a.toml"), analysed)
    return finding


SLIDE = """
architecture = "inception_module_bottleneck"
quantity = "macs"
stated = "358M"
"""


def test_a_count_of_a_layer_is_compared_with_the_text_and_with_its_own_sum():
    text = "architecture='lenet5'\nlayer='c1'\nquantity='parameters'\nstated='156'\nexpression='(5*5*1+1)*6'"
    finding = found(text)
    assert (finding.verdict, finding.computed, finding.message) == ("exact", "156", "")
    other = found(text.replace("*6'", "*6 + 0*3'").replace("5*5*1", "5*6*1"))
    assert other.verdict == "does not hold"
    assert other.message == "the text's own sum comes to 186, the network to 156"
    assert not other.is_as_expected


def test_a_sum_alone_is_compared_with_what_the_text_says_it_comes_to():
    finding = found("expression = '28*28*192*3*3*64 + 28*28*128*256'\nstated = '112M'")
    assert (finding.verdict, finding.computed) == ("rounds", "112,394,240")


def test_a_ratio_of_two_quantities():
    text = """
architecture = "alexnet"
quantity = "parameters"
per = { architecture = "googlenet", quantity = "parameters" }
stated = "12x"
"""
    finding = found(text)
    assert (finding.verdict, finding.computed) == ("does not hold", "8.711×")
    assert found(text.replace("12x", "8.7x")).verdict == "rounds"
    assert found(text.replace("12x", "> 8x")).verdict == "holds"


def test_why_it_does_not_hold_stands_behind_how_far_off_it_is_and_nowhere_else():
    text = "architecture='lenet5'\nquantity='parameters'\nstated='61k'\nexpect='does not hold'\nwhy='another network'"
    assert found(text).message == "stated more by 1,000, 1.67 %; another network"
    assert found(text.replace("61k", "60k")).message == ""


def test_a_slip_that_gives_the_printed_number_is_a_finding_and_no_pass():
    slip = 'slip = { expression = "28*28*(128*256 + 64*256 + 64*256 + 192*9*128 + 96*25*64 + 64*256)", why = "why" }'
    finding = found(f"{SLIDE}{slip}")
    assert (finding.verdict, finding.computed) == ("slip", "271,351,808")
    assert finding.message == "358,055,936 appears when why"
    assert not finding.is_as_expected
    assert found(f"{SLIDE}{slip}\nexpect = 'slip'").is_as_expected


def test_a_slip_can_be_another_network_or_another_quantity():
    text = """
architecture = "resnet50"
quantity = "macs"
stated = "4.09G"
expect = "slip"
slip = { architecture = "resnet50_v1_5", why = "the stride sits in the 3×3" }
"""
    finding = found(text)
    assert (finding.verdict, finding.message) == ("slip", "4,089,184,256 appears when the stride sits in the 3×3")
    doubled = found(text.replace("4.09G", "7.75G").replace('architecture = "resnet50_v1_5"', 'quantity = "flops"'))
    assert doubled.verdict == "slip"


def test_a_slip_can_change_the_divisor_too():
    text = """
architecture = "vgg16"
quantity = "macs"
per = { architecture = "vgg16", quantity = "parameters" }
stated = "88x"
slip = { quantity = "flops", per = { architecture = "alexnet", quantity = "parameters" }, why = "why" }
"""
    assert found(text).message.startswith("the slip does not explain it: it comes to 508")
    assert found(text.replace("88x", "508x")).verdict == "slip"


def test_a_sum_is_compared_with_the_product_of_a_shape():
    text = "architecture='vgg16'\nlayer='pool5'\nquantity='output_shape'\nstated='7x7x512'\nexpression='7*7*{}'"
    assert found(text.format(512)).verdict == "exact"
    assert found(text.format(256)).verdict == "does not hold"


def test_a_slip_that_does_not_give_the_printed_number_explains_nothing():
    finding = found(f"{SLIDE}slip = {{ expression = '300 * 1000', why = 'a guess' }}\nexpect = 'slip'")
    assert finding.verdict == "does not hold"
    assert finding.message == "the slip does not explain it: it comes to 300,000 (a guess)"
    assert not finding.is_as_expected


def test_a_claim_that_holds_needs_no_slip():
    finding = found("expression='2+2'\nstated='4'\nexpect='slip'\nslip={expression='2+3', why='x'}")
    assert (finding.verdict, finding.is_as_expected) == ("exact", False)


def test_how_far_off_a_number_is_stands_beside_it():
    finding = found("architecture='googlenet'\nquantity='parameters'\nstated='5 million'")
    assert finding.message == "stated less by 1,998,552, 28.6 %"


@pytest.mark.parametrize(
    ("expect", "stated", "is_as_expected"),
    [
        ("holds", "4", True),
        ("exact", "4", True),
        ("rounds", "4", False),
        ("does not hold", "4", False),
        ("does not hold", "5", True),
        ("holds", "5", False),
    ],
)
def test_the_verdict_is_compared_with_what_the_file_expects(expect, stated, is_as_expected):
    assert found(f"expression='2+2'\nstated='{stated}'\nexpect='{expect}'").is_as_expected == is_as_expected


def test_cut_off_digits_do_not_pass_unless_they_are_expected():
    text = "architecture='resnet50'\nquantity='macs'\nstated='3.8e9'"
    assert (found(text).verdict, found(text).is_as_expected) == ("truncated", False)
    assert found(f"{text}\nexpect='truncated'").is_as_expected


def test_what_is_undecided_is_listed_and_passes():
    file = claims_of("[[undecided]]\nid='a'\ntext='the first'\nwhy='history'", "a.toml")
    (finding,) = check(file, analysed)
    assert (finding.verdict, finding.message, finding.is_as_expected) == ("undecided", "history", True)
    assert summary([finding]) == "1 claims: undecided 1. All as expected."


def test_findings_come_in_the_order_of_the_file():
    text = "[[undecided]]\nid='b'\ntext=''\nwhy=''\n[[claim]]\nid='a'\nexpression='1'\nstated='2'\n"
    findings = check(claims_of(text, "a.toml"), analysed)
    assert [finding.id for finding in findings] == ["b", "a"]
    assert summary(findings) == "2 claims: does not hold 1, undecided 1. 1 not as expected."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("architecture='vgg17'\nquantity='macs'\nstated='3'", "a.toml:1: claim 'a': No architecture is named 'vgg17'."),
        ("architecture='vgg16'\nlayer='conv9'\nquantity='macs'\nstated='3'", "No layer is named 'conv9'."),
        ("architecture='vgg16'\nquantity='macs'\nconvention='all'\nstated='3'", "Those of macs are conv+linear, conv"),
        (
            "architecture='vgg16'\nquantity='flops'\nconvention='all'\nstated='3'",
            "Those of flops are canziani2016, FlopCounterMode, calflops, ultralytics, lightning, open_clip.",
        ),
        ("architecture='vgg16'\nquantity='depth'\nconvention='all'\nstated='3'", "There is none for depth."),
        ("architecture='vgg16'\nquantity='macs'\nstated='lots'", "'lots' is no printed number"),
        ("expression='1/0'\nstated='3'", "'1/0' cannot be worked out: it divides by zero."),
        ("expression='1'\nper={expression='0'}\nstated='3'", "no number to divide, or to divide by."),
        ("architecture='vgg16'\ninput='3x9x9'\nquantity='macs'\nstated='3'", "An image of 224x224 would do"),
    ],
)
def test_a_claim_that_cannot_be_worked_out_is_named(text, says):
    with pytest.raises(DataError, match=re.escape(says)) as raised:
        found(text)
    assert str(raised.value).startswith("a.toml:1: claim 'a': ")


def test_a_saved_cost_has_counts_but_no_depth():
    saved = Saved(
        analysed("vgg16", claims_of("[[claim]]\nid='a'\nexpression='1'\nstated='1'", "").claims[0].setting).cost
    )
    text = "[[claim]]\nid='a'\narchitecture='x'\nquantity='{}'\nstated='16'"
    with pytest.raises(DataError, match=re.escape("holds no ops, so no depth: name the network itself.")):
        check(claims_of(text.format("depth"), "a.toml"), lambda *_: saved)
    (finding,) = check(claims_of(text.format("weighted_layers"), "a.toml"), lambda *_: saved)
    assert finding.verdict == "exact"
