"""Claims files: what is read, and what is refused."""

import re

import pytest

from archstat.claims import decode, read
from archstat.errors import DataError
from archstat.quantities import QUANTITIES

CLAIM = """
[[claim]]
id = "vgg"
architecture = "vgg16"
quantity = "parameters"
stated = "138M"
"""


def test_a_claim_is_read_with_the_line_where_it_begins():
    file = decode(f'title = "A text"\n{CLAIM}', "a.toml")
    (claim,) = file.claims
    assert (file.path, file.title, file.undecided) == ("a.toml", "A text", ())
    assert (claim.id, claim.architecture, claim.quantity, claim.stated, claim.line) == (
        "vgg",
        "vgg16",
        "parameters",
        "138M",
        3,
    )
    assert (claim.expect, claim.slip, claim.per, claim.layer) == ("holds", None, None, "")


def test_a_budget_is_one_claim_for_each_of_its_limits():
    text = """
[[budget]]
architecture = "resnet50"
resolution = 320
macs = "<= 4.1G"
parameters = 25_557_032

[[budget]]
id = "stem"
architecture = "resnet50"
layer = "conv1"
macs = "< 120M"
"""
    claims = decode(text, "budget.toml").claims
    assert [(claim.id, claim.quantity, claim.stated, claim.line) for claim in claims] == [
        ("budget 1: macs", "macs", "<= 4.1G", 2),
        ("budget 1: parameters", "parameters", "== 25557032", 2),
        ("stem: macs", "macs", "< 120M", 8),
    ]
    assert [claim.setting.resolution for claim in claims] == [320, 320, None]
    assert claims[2].layer == "conv1"


def test_what_cannot_be_decided_is_kept_with_its_reason():
    (entry,) = decode('[[undecided]]\nid = "first"\ntext = "the first"\nwhy = "history"', "a.toml").undecided
    assert (entry.id, entry.why, entry.line) == ("first", "history", 1)


def changed(old, new, text=CLAIM):
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x =", "a.toml is no TOML: Invalid value"),
        ("", "a.toml holds no claim: it needs at least one [[claim]], [[budget]] or [[undecided]]."),
        ("claims = 1", "a.toml: 'claims' is none of title, link, note, claim, budget, undecided."),
        ("title = 3", "a.toml: the title is no text."),
        ("[claim]\nid = 'a'", "a.toml: write [[claim]] for each claim, in double brackets."),
        ("claim = [3]", "a.toml:0: claim 'that is no table': Expected `object`, got `int`."),
        (changed('stated = "138M"\n', ""), "a.toml:2: claim 'vgg': Object missing required field `stated`."),
        (changed('id = "vgg"\n', ""), "a.toml:2: claim 'without an id': Object missing required field `id`."),
        (changed("stated", "states"), "contains unknown field `states`"),
        (changed('"138M"', "138"), "Expected `str`, got `int` - at `$.stated`."),
        (
            changed('"parameters"', '"params"'),
            f"a.toml:2: claim 'vgg': 'params' is none of the quantities {', '.join(QUANTITIES)}.",
        ),
        (changed('quantity = "parameters"\n', ""), "'architecture' and 'quantity' go together."),
        (changed('architecture = "vgg16"\n', ""), "'architecture' and 'quantity' go together."),
        (
            "[[claim]]\nid = 'a'\nstated = '3'",
            "a.toml:1: claim 'a': it names neither an 'architecture' and a 'quantity' nor an 'expression'.",
        ),
        (
            "[[claim]]\nid = 'a'\nstated = '3'\nexpression = '1 + 2'\nlayer = 'conv1'",
            "'layer', 'input', 'resolution' and 'convention' need an 'architecture'.",
        ),
        (f'{CLAIM}input = "3xx4"', "'3xx4' is no input: write its sizes without the batch"),
        (f"{CLAIM}resolution = 0", "'batch_size' and 'resolution' are whole numbers from 1 on."),
        (f"{CLAIM}batch_size = 0", "'batch_size' and 'resolution' are whole numbers from 1 on."),
        (f'{CLAIM}expect = "maybe"', "Invalid enum value 'maybe' - at `$.expect`."),
        (f'{CLAIM}expect = "slip"', "it expects a slip and has none: say how the number came about."),
        (f'{CLAIM}slip = {{ expression = "1" }}', "Object missing required field `why` - at `$.slip`."),
        (f'{CLAIM}slip = {{ quantity = "size", why = "x" }}', "'size' is none of the quantities"),
        (f'{CLAIM}per = {{ architecture = "vgg11" }}', "'architecture' and 'quantity' go together."),
        (f"{CLAIM}{CLAIM}", "a.toml:8: the id 'vgg' is that of line 2 already."),
        ("[[budget]]\nmacs = 3", "a.toml:1: a budget names its 'architecture'."),
        ("[[budget]]\narchitecture = 'vgg16'", "a.toml:1: budget: it limits none of parameters, "),
        ("[[budget]]\narchitecture = 'vgg16'\nmac = 3", "a.toml:1: budget: 'mac' is none of parameters, "),
        ("[[undecided]]\nid = 'a'\ntext = 'b'", "a.toml:1: claim 'a': Object missing required field `why`."),
    ],
)
def test_what_does_not_hold_together_is_refused_with_its_line(text, says):
    with pytest.raises(DataError, match=re.escape(says)) as raised:
        decode(text, "a.toml")
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"nothing.toml' cannot be read: No such file or directory\."):
        read(tmp_path / "nothing.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"binary.toml' cannot be read: it is no UTF-8 text\."):
        read(tmp_path / "binary.toml")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read(tmp_path)
