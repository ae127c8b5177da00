"""Claims files: what is read, and what is refused."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archstat.claims import MEASURED, RATES, TALLIES, check, claims_of, read_claims
from archstat.errors import ArchstatError, DataError
from archstat.quantities import QUANTITIES

CLAIM = """
[[claim]]
id = "vgg"
architecture = "vgg16"
quantity = "parameters"
stated = "138M"
"""


MEASUREMENT = """[[claim]]
id = "a"
measured = "a.json"
quantity = "latency_s"
stated = "3 ms"
"""
RATE = """[[claim]]
id = "a"
architecture = "vgg16"
protocol = "ImageNet val, 1-crop"
quantity = "top5_error"
stated = "9.6 %"
"""


def test_a_claim_is_read_with_the_line_where_it_begins():
    file = claims_of(f'title = "A text"\n{CLAIM}', "a.toml")
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
    claims = claims_of(text, "budget.toml").claims
    assert [(claim.id, claim.quantity, claim.stated, claim.line) for claim in claims] == [
        ("budget 1: macs", "macs", "<= 4.1G", 2),
        ("budget 1: parameters", "parameters", "== 25557032", 2),
        ("stem: macs", "macs", "< 120M", 8),
    ]
    assert [claim.setting.resolution for claim in claims] == [320, 320, None]
    assert claims[2].layer == "conv1"


def test_what_cannot_be_decided_is_kept_with_its_reason():
    (entry,) = claims_of('[[undecided]]\nid = "first"\ntext = "the first"\nwhy = "history"', "a.toml").undecided
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
            "'layer', 'input', 'resolution', 'sequence', 'dtype', 'convention' need an 'architecture'.",
        ),
        (f'{CLAIM}input = "3xx4"', "'3xx4' is no input: write its sizes without the batch"),
        (f"{CLAIM}resolution = 0", "'batch_size', 'resolution' and 'sequence' are whole numbers from 1 on."),
        (f"{CLAIM}batch_size = 0", "'batch_size', 'resolution' and 'sequence' are whole numbers from 1 on."),
        (f'{CLAIM}expect = "maybe"', "Invalid enum value 'maybe' - at `$.expect`."),
        (f'{CLAIM}expect = "slip"', "it expects a slip and has none: say how the number came about."),
        *(
            (
                f'{changed("138M", bound)}slip = {{ expression = "2*69M", why = "x" }}',
                f"a.toml:2: claim 'vgg': {bound!r} is a bound, which many numbers meet: no slip explains it, so say",
            )
            for bound in ("> 50%", ">50%", "  <= 1", "≤ 138M", "≥2x", ">= 138,357,544", "<1x")
        ),
        (
            f'{CLAIM}expect = "slip"\nslip = {{ expression = "(138M)", why = "x" }}',
            "its slip is a number and no sum: write the sum that gives what is printed.",
        ),
        (f'{CLAIM}slip = {{ expression = "1" }}', "Object missing required field `why` - at `$.slip`."),
        (f'{CLAIM}slip = {{ quantity = "size", why = "x" }}', "'size' is none of the quantities"),
        (f'{CLAIM}per = {{ architecture = "vgg11" }}', "'architecture' and 'quantity' go together."),
        (f'{CLAIM}minus = {{ architecture = "vgg11" }}', "'architecture' and 'quantity' go together."),
        (f"{CLAIM}minus = {{}}", "it names neither an 'architecture' and a 'quantity' nor an 'expression'."),
        (f"{CLAIM}minus = 3", "Expected `object | null`, got `int` - at `$.minus`."),
        (f'{CLAIM}minus = {{ expression = "1", minus = {{}} }}', "contains unknown field `minus` - at `$.minus`."),
        (
            f'{CLAIM}slip = {{ minus = {{ quantity = "macs" }}, why = "x" }}',
            "'architecture' and 'quantity' go together.",
        ),
        (f'{CLAIM}slip = {{ per = {{ quantity = "macs" }}, why = "x" }}', "'architecture' and 'quantity' go together."),
        (f"{CLAIM}measured = 3", "Expected `str`, got `int` - at `$.measured`."),
        (
            f'{CLAIM}measured = "a.json"',
            f"'parameters' is none of the measured quantities {', '.join(MEASURED)}.",
        ),
        (MEASUREMENT.replace('"latency_s"', '""'), "'' is none of the measured quantities latency_s, "),
        (MEASUREMENT.replace("a.json", "\\u0000"), "a.toml:1: claim 'a': '\\x00' is no path of a file."),
        (MEASUREMENT.replace("a.json", "a\\nb.json"), "a.toml:1: claim 'a': 'a\\nb.json' is no path of a file."),
        (f'{MEASUREMENT}input = "3x4x4"', "'input' does not go with 'measured'."),
        (f"{MEASUREMENT}resolution = 4", "'resolution' does not go with 'measured'."),
        (f'{MEASUREMENT}convention = "conv"', "'convention' does not go with 'measured'."),
        (f'{MEASUREMENT}protocol = "x"', "'protocol' does not go with 'measured'."),
        (f'{MEASUREMENT}expression = "1"', "'expression' does not go with 'measured'."),
        (f"{MEASUREMENT}batch_size = 0", "'batch_size', 'resolution' and 'sequence' are whole numbers from 1 on."),
        (changed('"parameters"', '"latency_s"'), "'latency_s' is no count: name the file with 'measured'."),
        (changed('"parameters"', '"top5_error"'), "is no count: say how it was measured with 'protocol'."),
        (f"{CLAIM}protocol = 3", "Expected `str`, got `int` - at `$.protocol`."),
        (f'{CLAIM}protocol = "x"', "'parameters' is none of the published quantities top1_error, top5_error, "),
        (changed('architecture = "vgg16"', "", RATE), "'protocol' needs an 'architecture'."),
        (f'{RATE}layer = "fc6"', "'layer' does not go with 'protocol'."),
        (f'{RATE}input = "3x4x4"', "'input' does not go with 'protocol'."),
        (f"{RATE}batch_size = 1", "'batch_size' does not go with 'protocol'."),
        (f'{RATE}convention = "conv"', "'convention' does not go with 'protocol'."),
        (f"{RATE}resolution = 0", "'batch_size', 'resolution' and 'sequence' are whole numbers from 1 on."),
        ("[[budget]]\narchitecture = 'vgg16'\nlatency_s = 3", "budget: 'latency_s' is none of parameters, "),
        (f"{CLAIM}{CLAIM}", "a.toml:8: the id 'vgg' is that of line 2 already."),
        ("[[budget]]\nmacs = 3", "a.toml:1: a budget names its 'architecture'."),
        ("[[budget]]\narchitecture = 'vgg16'", "a.toml:1: budget: it limits none of parameters, "),
        ("[[budget]]\narchitecture = 'vgg16'\nmac = 3", "a.toml:1: budget: 'mac' is none of parameters, "),
        ("[[undecided]]\nid = 'a'\ntext = 'b'", "a.toml:1: claim 'a': Object missing required field `why`."),
    ],
)
def test_what_does_not_hold_together_is_refused_with_its_line(text, says):
    with pytest.raises(DataError, match=re.escape(says)) as raised:
        claims_of(text, "a.toml")
    assert "\n" not in str(raised.value)


NONSENSE = [
    None,
    "",
    " ",
    "a\nb",
    "\0",
    "..",
    "vgg16",
    "lenet5",
    "latency_s",
    "top1_error",
    "macs",
    "1",
    0,
    -1,
    1,
    2**70,
]
KEYS = "architecture layer resolution batch_size quantity convention measured protocol claims ids expression".split()
OPERANDS = st.fixed_dictionaries(dict.fromkeys(KEYS, st.sampled_from([*[None] * 16, *NONSENSE, *RATES, *TALLIES])))


def table(entry):
    """An inline table without what is ``None``; what TOML has in common with JSON."""
    return "{ " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in entry.items() if value is not None) + " }"


def outcome(text):
    """The number of findings, or the error; no network is there."""

    def refuse(name, setting):
        raise DataError(f"{name!r} is not here ({setting.batch_size}).")

    try:
        return len(check(claims_of(text, "a.toml"), refuse))
    except ArchstatError as error:
        return str(error)


@given(OPERANDS, OPERANDS)
def test_any_operand_has_a_finding_or_is_refused_in_one_line(first, second):
    text = f'claim = [{{ id = "a", stated = "3", expression = "3", minus = {table(first)}, per = {table(second)} }}]'
    found = outcome(text)
    assert found == 1 or re.fullmatch(r"a\.toml:0: claim 'a': .+", found)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"nothing.toml cannot be read: No such file or directory\."):
        read_claims(tmp_path / "nothing.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"binary.toml cannot be read: it is no UTF-8 text\."):
        read_claims(tmp_path / "binary.toml")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_claims(tmp_path)
