"""Claims about what was measured and published, and what differences and ratios come to."""

import functools
import re
from pathlib import Path

import msgspec
import pytest

from archstat.analysis.inference import analyse
from archstat.claims import check, check_files, claims_of
from archstat.errors import DataError
from archstat.files.results import measurements_to_json
from tests.measured import CONDITIONS, ENERGY, MEMORY, PEAKS, measured, time, times

analysed = functools.cache(analyse)
RESULTS = Path(__file__).parents[2] / "reports" / "cnn-architectures"
ALEXNET = 'measured = "results/alexnet-cpu-fp32-b1.json"'
VGG16 = 'measured = "results/vgg16-cpu-fp32-b1.json"'


def unused(name, setting):
    raise AssertionError(name, setting)


def found(text, folder=RESULTS, analyse=unused):
    """The only finding of a file in that folder."""
    (finding,) = check(claims_of(f"[[claim]]\nid = 'a'\n{text}", str(folder / "claims.toml")), analyse)
    return finding


# -- measured ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "verdict", "computed"),
    [
        (f"{ALEXNET}\nquantity = 'latency_s'\nstated = '20.9 ms'", "rounds", "20.95 ms"),
        (f"{VGG16}\nquantity = 'latency_s'\nstated = '134 ms'", "rounds", "134.3 ms"),
        (f"{ALEXNET}\nquantity = 'latency_s'\nstated = '< 21 ms'", "holds", "20.95 ms"),
        (f"{ALEXNET}\nquantity = 'latency_s'\nlayer = 'fc6'\nstated = '5.04 ms'", "rounds", "5.04 ms"),
        (f"{ALEXNET}\nquantity = 'latency_s'\nlayer = 'norm*'\nstated = '6.27 ms'", "rounds", "6.267 ms"),
        (f"{ALEXNET}\nquantity = 'peak_flops_per_s'\nstated = '389 GFLOP/s'", "rounds", "389.2 GFLOP/s"),
        (f"{ALEXNET}\nquantity = 'peak_bytes_per_s'\nstated = '27.4 GB/s'", "rounds", "27.38 GB/s"),
        (f"{ALEXNET}\nquantity = 'throughput'\nstated = '47.7 images/s'", "rounds", "47.73 images/s"),
        (f"{ALEXNET}\nquantity = 'peak_bytes'\nstated = '4.43 MiB'", "rounds", "4,646,412 B (4.431 MiB)"),
        (f"{ALEXNET}\nquantity = 'latency_s'\nstated = '25 ms'", "does not hold", "20.95 ms"),
    ],
)
def test_a_measured_number_is_compared_with_the_printed_one(text, verdict, computed):
    finding = found(text)
    assert (finding.verdict, finding.computed) == (verdict, computed)


def test_the_share_of_layers_is_that_of_the_table():
    text = f"{ALEXNET}\nquantity = 'latency_s'\nlayer = 'norm*'\nper = {{ {ALEXNET}, quantity = 'layers_s' }}\n"
    finding = found(f"{text}stated = '29 %'")
    assert (finding.verdict, finding.computed) == ("rounds", "29.13%")  # 17.8 and 11.3 in docs/measuring.md


def test_two_latencies_have_a_ratio_and_a_difference():
    text = f"{VGG16}\nquantity = 'latency_s'\nKEY = {{ {ALEXNET}, quantity = 'latency_s' }}\n"
    assert found(text.replace("KEY", "per") + "stated = '6.4x'").verdict == "rounds"
    finding = found(text.replace("KEY", "minus") + "stated = '113 ms'")
    assert (finding.verdict, finding.computed) == ("rounds", "113.4 ms")


def test_counts_in_a_measured_second():
    per = f"per = {{ {VGG16}, quantity = 'latency_s' }}"
    text = f"architecture = 'vgg16'\nquantity = 'KEY'\n{per}\nstated = 'STATED'"
    for quantity, stated, computed in [
        ("macs", "115 GMAC/s", "115.2 GMAC/s"),
        ("flops", "231 GFLOP/s", "230.6 GFLOP/s"),
        ("activation_bytes", "449 MB/s", "449.3 MB/s"),
    ]:
        finding = found(text.replace("KEY", quantity).replace("STATED", stated), analyse=analysed)
        assert (finding.verdict, finding.computed) == ("rounds", computed)


@pytest.fixture
def folder(tmp_path):
    """A folder with a file of two networks at two batches each; one of them has layers."""
    both = [CONDITIONS, msgspec.structs.replace(CONDITIONS, batch_size=8)]
    full = {"energy": ENERGY, "memory": MEMORY, "peaks": PEAKS, "layers": times(time("fc", 0.004))}
    made = [
        measured(architecture="a", conditions=both[0], **full),
        measured(architecture="a", conditions=both[1]),
        measured(architecture="b", conditions=both[0]),
    ]
    (tmp_path / "all.json").write_text(measurements_to_json(made))
    (tmp_path / "cost.json").write_text('{"schema": "archstat.cost/1"}')
    return tmp_path


def test_the_architecture_and_the_batch_pick_one_of_several_measurements(folder):
    text = "measured = 'all.json'\nquantity = 'throughput'\n"
    assert found(f"{text}architecture = 'b'\nstated = '100/s'", folder).verdict == "exact"
    assert found(f"{text}architecture = 'a'\nbatch_size = 8\nstated = '800/s'", folder).verdict == "exact"
    assert found(f"{text}batch_size = 8\nstated = '800/s'", folder).verdict == "exact"
    with pytest.raises(DataError, match="claim 'a': 2 measurements of 'a' fit"):
        found(f"{text}architecture = 'a'\nstated = '100/s'", folder)


def test_of_several_the_one_with_layers_is_meant_by_a_layer(folder):
    text = "measured = 'all.json'\narchitecture = 'a'\nquantity = 'latency_s'\nlayer = 'fc'\nstated = '4 ms'"
    assert found(text, folder).verdict == "exact"


def test_energy_over_time_is_power_and_energy_over_macs_has_a_unit_of_its_own(folder):
    energy = "measured = 'all.json'\narchitecture = 'a'\nbatch_size = 1\nquantity = 'energy_j'\n"
    time_ = "per = { measured = 'all.json', architecture = 'a', batch_size = 1, quantity = 'latency_s' }\n"
    assert found(f"{energy}stated = '0.5 J'", folder).verdict == "exact"
    assert found(f"{energy}{time_}stated = '50 W'", folder).verdict == "exact"
    macs = "per = { architecture = 'lenet5', quantity = 'macs' }\n"
    assert found(f"{energy}{macs}stated = '1.54 µJ/MAC'", folder, analysed).computed == "1.535 µJ/MAC"


def test_a_file_is_read_once_for_all_its_claims(folder, monkeypatch):
    reads = []
    monkeypatch.setattr("archstat.claims.values.read_measurements", lambda path: reads.append(path) or [measured()])
    claim = "[[claim]]\nid = '{}'\nmeasured = 'all.json'\nquantity = 'latency_s'\nstated = '10 ms'\n"
    (folder / "claims.toml").write_text(claim.format("a") + claim.format("b"))
    assert [each.verdict for each in check_files([folder / "claims.toml"], unused)] == ["exact", "exact"]
    assert reads == [folder / "all.json"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("measured = 'no.json'\nquantity = 'latency_s'", "no.json cannot be read: No such file or directory."),
        ("measured = '.'\nquantity = 'latency_s'", "cannot be read: Is a directory."),
        ("measured = 'cost.json'\nquantity = 'latency_s'", "cost.json: These are no saved measurements of version"),
        ("measured = 'all.json'\nquantity = 'latency_s'", "3 measurements fit: a on "),
        (
            "measured = 'all.json'\narchitecture = 'c'\nquantity = 'latency_s'",
            "No measurement is of 'c'; there is a, b.",
        ),
        ("measured = 'all.json'\narchitecture = 'b'\nquantity = 'layers_s'", "of b at batch 1 holds no layers"),
        (
            "measured = 'all.json'\nbatch_size = 1\narchitecture = 'a'\nquantity = 'latency_s'\nlayer='x'",
            "No layer is named",
        ),
        (
            "measured = 'all.json'\narchitecture = 'b'\nquantity = 'power_w'",
            "holds no energy: measure it with its energy.",
        ),
        ("measured = 'all.json'\narchitecture = 'b'\nquantity = 'latency_s'", "'3' is no amount in s; write it like"),
    ],
)
def test_a_claim_on_what_is_not_there_is_named(folder, text, says):
    with pytest.raises(DataError, match=re.escape(says)) as raised:
        found(f"{text}\nstated = '3'", folder)
    assert str(raised.value).startswith(f"{folder}/claims.toml:1: claim 'a': ")
    assert "\n" not in str(raised.value)


# -- published ---------------------------------------------------------------------------------------------------------

GOOGLENET = "architecture = 'googlenet'\nprotocol = 'ImageNet val, 144-crop, 7 networks'\nquantity = 'top5_error'\n"
VGG_1_CROP = "architecture = 'vgg16', protocol = 'ImageNet val, 1-crop', quantity = 'top5_error'"


@pytest.mark.parametrize(
    ("stated", "verdict", "computed"),
    [
        ("6.67 %", "exact", "6.67 %"),
        ("6.67%", "exact", "6.67 %"),
        ("6.67", "exact", "6.67"),
        ("6.7 %", "rounds", "6.67 %"),
        ("< 7 %", "holds", "6.67 %"),
        ("7.3 %", "does not hold", "6.67 %"),
    ],
)
def test_an_error_rate_is_percent_already(stated, verdict, computed):
    finding = found(f"{GOOGLENET}stated = '{stated}'")
    assert (finding.verdict, finding.computed) == (verdict, computed)


def test_error_rates_differ_by_points_and_by_a_share():
    minus = f"minus = {{ {VGG_1_CROP} }}\n"
    alexnet = "architecture = 'alexnet'\nprotocol = 'ImageNet val, 1-crop'\nquantity = 'top5_error'\n"
    assert found(f"{alexnet}{minus}stated = '10.2 points'").computed == "10.18 points"
    assert found(f"{alexnet}{minus}stated = '10.182 %'").verdict == "exact"
    share = found(f"{alexnet}{minus}per = {{ {VGG_1_CROP} }}\nstated = '106 %'")
    assert (share.verdict, share.computed) == ("rounds", "105.9%")


def test_an_error_rate_meets_the_sum_of_the_text():
    assert found(f"{GOOGLENET}expression = '100 - 93.33'\nstated = '6.67 %'").verdict == "exact"
    assert (
        "own sum comes to 6.66, the network to 6.67 %"
        in found(f"{GOOGLENET}expression = '100 - 93.34'\nstated = '6.67 %'").message
    )


# -- differences -------------------------------------------------------------------------------------------------------


def test_counts_are_subtracted_before_they_are_divided():
    text = "expression = '10'\nminus = { expression = '4' }\n"
    assert found(f"{text}stated = '6'").verdict == "exact"
    assert found(f"{text}per = {{ expression = '4' }}\nstated = '1.5x'").verdict == "exact"
    assert found("expression = '4'\nminus = { expression = '10' }\nstated = '6'").computed == "-6"


def test_one_network_has_more_parameters_than_another():
    other = "minus = { architecture = 'lenet5', quantity = 'parameters' }"
    finding = found(
        f"architecture = 'lenet5_modern'\nquantity = 'parameters'\n{other}\nstated = '1.7k'", analyse=analysed
    )
    assert (finding.verdict, finding.computed) == ("rounds", "1,706")


def test_a_slip_can_change_what_is_subtracted():
    text = "expression = '10'\nminus = { expression = '4' }\nstated = '7'\nslip = { SLIP, why = 'why' }"
    assert found(text.replace("SLIP", "minus = { expression = '3' }")).verdict == "slip"
    assert found(text.replace("SLIP", "minus = { expression = '2' }")).verdict == "does not hold"
    assert found(text.replace("SLIP", "expression = '4 + 3'")).verdict == "slip", "a sum is the whole of it"


def test_a_slip_of_a_time_is_told_in_its_unit():
    slip = f"slip = {{ {VGG16}, why = 'the rows were mixed up' }}"
    finding = found(f"{ALEXNET}\nquantity = 'latency_s'\nstated = '134 ms'\n{slip}")
    assert (finding.verdict, finding.message) == ("slip", "134.3 ms appears when the rows were mixed up")
    finding = found(
        f"{ALEXNET}\nquantity = 'latency_s'\nstated = '134 ms'\nslip = {{ expression = '0.1 + 0.034', why = 'w' }}"
    )
    assert (finding.verdict, finding.message) == ("slip", "134 ms appears when w")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{ALEXNET}\nquantity = 'latency_s'\nminus = {{ expression = '1' }}", "its values are in s and plain numbers"),
        (
            f"{GOOGLENET}minus = {{ expression = '1' }}",
            "its values are in % and plain numbers: one cannot be subtracted",
        ),
        (f"expression = '1'\nminus = {{ {ALEXNET}, quantity = 'power_w' }}", "holds no energy"),
        ("architecture='lenet5'\nquantity='output_shape'\nminus={expression='1'}", "is no number to subtract"),
        ("expression='1'\nminus={architecture='lenet5', quantity='output_shape'}", "is no number to subtract"),
        ("expression='1'\nminus={expression='1'}\nper={expression='0'}", "is no number to divide, or to divide by."),
    ],
)
def test_what_cannot_be_subtracted_is_refused(text, says):
    with pytest.raises(DataError, match=re.escape(says)):
        found(f"{text}\nstated = '3'", analyse=analysed)


# -- what a finding tells ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "basis"),
    [
        ("architecture='vgg16'\nlayer='fc6'\nquantity='parameters'\nstated='1'", "counted: vgg16.fc6, parameters"),
        (
            "architecture='lenet5'\nquantity='macs'\nconvention='conv'\nresolution=32\nbatch_size=2\nstated='1'",
            "counted: lenet5, macs, conv, at 32×32, batch 2",
        ),
        ("architecture='lenet5'\ninput='1x32x32'\nquantity='macs'\nstated='1'", "counted: lenet5, macs, at 1x32x32"),
        ("expression='1 + 2'\nstated='1'", "sum: 1 + 2"),
        (
            f"{ALEXNET}\nquantity='latency_s'\nlayer='fc6'\nstated='1'\nper={{ {ALEXNET}, quantity='layers_s' }}",
            (
                "measured: fc6, latency_s, in results/alexnet-cpu-fp32-b1.json, "
                "per layers_s, in results/alexnet-cpu-fp32-b1.json"
            ),
        ),
        (
            f"{GOOGLENET}stated='1'\nminus={{ {VGG_1_CROP} }}",
            (
                "published: googlenet, top5_error, ImageNet val, 144-crop, 7 networks, "
                "less vgg16, top5_error, ImageNet val, 1-crop"
            ),
        ),
    ],
)
def test_a_finding_tells_what_it_was_compared_with(text, basis):
    finding = found(text, analyse=analysed)
    assert finding.basis == basis
    assert finding.claim.id == "a"


def test_what_is_undecided_was_compared_with_nothing():
    (finding,) = check(claims_of("[[undecided]]\nid='a'\ntext=''\nwhy=''", "a.toml"), unused)
    assert (finding.basis, finding.claim) == ("", None)
