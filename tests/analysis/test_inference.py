"""From a name or a network to its cost."""

import re
from types import SimpleNamespace

import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import archstat
from archstat.analysis.inference import analyse, count, count_source, explain
from archstat.analysis.network import read_for
from archstat.errors import ArchstatError, DataError, ForwardError, InputError, SourceError, UncountedError
from archstat.files.results import cost_to_json
from archstat.networks.input_specs import InputSpec, parse_input
from archstat.networks.settings import Setting

NETS = """
import torch
from torch import nn

class Fixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 5)
        self.fc = nn.Linear(4 * 12 * 12, 10)

    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))

class Free(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 5)

    def forward(self, x):
        return self.conv(x)

class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 8)
        self.fc = nn.Linear(8, 2)

    def forward(self, ids, mask):
        return self.fc(self.embed(ids) * mask)

class Odd(nn.Module):
    def forward(self, x):
        from tests.support import spectrum

        return spectrum(x)

class Raises(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x):
        raise KeyError("nothing here")
"""


@pytest.fixture
def nets(tmp_path):
    (tmp_path / "nets_of_analysis.py").write_text(NETS)
    return f"{tmp_path}/nets_of_analysis.py"


# -- inputs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("3x224x224", InputSpec((3, 224, 224))),
        ("3×224×224", InputSpec((3, 224, 224))),
        ("3,224,224", InputSpec((3, 224, 224))),
        (" 3x8x8 ", InputSpec((3, 8, 8))),
        ("128", InputSpec((128,))),
        ("128:int64", InputSpec((128,), "int64")),
        ("2x2:bool", InputSpec((2, 2), "bool")),
        ("2x2:float16", InputSpec((2, 2), "float16")),
    ],
)
def test_an_input_is_read(text, spec):
    assert parse_input(text) == spec


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "3x",
        "x3",
        "3xx4",
        "3x-4",
        "-3",
        "0",
        "3x0x4",
        "3x4.5",
        "abc",
        "3X4",
        "3x4:",
        ":",
        "9" * 30,
    ],
)
def test_what_is_no_input_is_refused(text):
    says = f"{text!r} is no input: write its sizes without the batch as '3x224x224', or '128:int64'."
    with pytest.raises(InputError, match=re.escape(says)):
        parse_input(text)


@pytest.mark.parametrize("dtype", ["int", "Tensor", "nn", "int65", "qint8", "quint4x2", "bits8", "load"])
def test_what_is_no_element_type_is_refused(dtype):
    with pytest.raises(InputError, match=rf"'{dtype}' in '3x4:{dtype}' is none of float32, .*int64, .*bool\.$"):
        parse_input(f"3x4:{dtype}")


@given(st.text(max_size=12))
def test_any_text_is_an_input_or_refused(text):
    try:
        spec = parse_input(text)
    except InputError:
        return
    assert all(size > 0 for size in spec.shape)


# -- count -------------------------------------------------------------------------------------------------------------


def test_a_module_is_counted_and_left_on_its_device():
    model = nn.Linear(3, 4)
    cost = count(model, torch.zeros(2, 3))
    assert (cost.architecture, cost.macs, cost.parameters) == ("Linear", 2 * 3 * 4, 16)
    assert not model.weight.is_meta


def test_inputs_by_name_are_passed_on():
    class Sum(nn.Module):
        def forward(self, *, left, right):
            return left @ right

    cost = archstat.count(Sum(), left=torch.zeros(2, 3), right=torch.zeros(3, 4))
    assert cost.macs == 2 * 3 * 4


def test_a_name_of_ours_needs_no_input_and_takes_another():
    assert count("lenet5").input_shapes == ((1, 1, 32, 32),)
    assert count("resnet20", torch.empty(4, 3, 64, 64, device="meta")).macs == 4 * 4 * 40_551_040 - 4 * 3 * 640
    # four times the pixels of each of four images; the linear layer (640) sees as many values as before


def test_a_name_with_inputs_keeps_its_note():
    assert count("lenet5", torch.empty(1, 1, 32, 32)).note == count("lenet5").note != ""


def test_a_file_with_inputs_is_counted(nets):
    assert count(f"{nets}:Free", torch.empty(1, 3, 8, 8)).macs == 4 * 4 * 4 * 75


def test_a_name_without_known_input_is_counted_on_one_that_is_assumed_and_said(nets):
    cost = count(f"{nets}:Free")
    assert cost.input_shapes == ((1, 3, 224, 224),)
    assert cost.input_origin == "assumed: first layer takes 3 channels"


def test_where_no_input_works_it_is_asked_for_and_what_was_tried_is_told(nets):
    says = f"Which input does '{nets}:Raises' take? Give its sizes without the batch, such as 3x224x224. None of these "
    with pytest.raises(InputError, match=f"{re.escape(says)}works: 3.*KeyError: 'nothing here'"):
        count(f"{nets}:Raises")


def test_the_error_of_a_forward_is_the_cause(nets):
    with pytest.raises(ForwardError, match=r"The forward pass failed .*KeyError: 'nothing here'") as raised:
        count(f"{nets}:Raises", torch.empty(1, 3))
    assert isinstance(raised.value.__cause__, KeyError)


def test_a_name_that_leads_nowhere_is_refused():
    with pytest.raises(SourceError, match="There is no file"):
        count("nowhere.py:Net", torch.zeros(1))


# -- count_source ------------------------------------------------------------------------------------------------------


def test_the_batch_multiplies():
    one, three = count_source("lenet5", Setting()), count_source("lenet5", Setting(batch_size=3))
    assert three.macs == 3 * one.macs
    assert three.input_shapes == ((3, 1, 32, 32),)


def test_the_element_type_is_that_of_parameters_and_inputs():
    cost = count_source("lenet5", Setting(dtype="bfloat16"))
    assert cost.dtype == "bfloat16"
    assert cost.activation_bytes == 2 * cost.activations


def test_a_resolution_is_height_and_width():
    assert count_source("resnet18", Setting(resolution=64)).input_shapes == ((1, 3, 64, 64),)


def test_an_input_may_be_no_square():
    assert count_source("resnet18", Setting((InputSpec((3, 64, 96)),))).input_shapes == ((1, 3, 64, 96),)


def test_several_inputs_of_several_types_are_made(nets):
    setting = Setting((InputSpec((7,), "int64"), InputSpec((7, 8))), batch_size=2)
    cost = count_source(f"{nets}:Text", setting)
    assert cost.input_shapes == ((2, 7), (2, 7, 8))
    assert cost.macs == 2 * 7 * 8 * 2


def test_the_size_cannot_be_given_twice():
    setting = Setting((InputSpec((3, 64, 64)),), resolution=64)
    with pytest.raises(InputError, match="The sizes of the input and its resolution both say how large it is"):
        count_source("resnet18", setting)


def test_a_resolution_without_a_known_input_is_that_of_the_assumed_one(nets):
    assert count_source(f"{nets}:Free", Setting(resolution=64)).input_shapes == ((1, 3, 64, 64),)


def test_under_strict_no_input_is_assumed(nets):
    with pytest.raises(InputError, match=r"Under 'strict' none is assumed; 3×224×224 \(first layer takes 3") as caught:
        count_source(f"{nets}:Free", Setting(strict=True))
    assert caught.value.helps == {"inputs": "3x224x224"}


@pytest.mark.parametrize(
    ("name", "resolution", "says"),
    [
        ("lenet5", 16, r"in layer 'c5', at conv2d of 1×16×1×1, .*An image of 32x32 would do\.$"),
        ("lenet5", 4, r"in layer 'c1'.*An image of 32x32 would do\.$"),
        ("alexnet", 64, "in layer 'pool5'|in layer 'fc6'"),
        ("vgg16", 16, r"in layer 'pool5', .*An image of 224x224 would do\.$"),
        ("vgg16", 192, r"in layer 'fc6', .*An image of 224x224 would do\.$"),
        ("googlenet", 1, "in layer 'pool1'.*An image of [0-9]+x[0-9]+ would do"),
    ],
)
def test_an_image_that_is_too_small_is_told_which_layer_and_which_size_would_do(name, resolution, says):
    with pytest.raises(InputError, match=f"The forward pass failed .*{says}"):
        count_source(name, Setting(resolution=resolution))


def test_the_advised_size_works_and_one_less_does_not():
    with pytest.raises(InputError) as raised:
        count_source("googlenet", Setting(resolution=1))
    size = int(raised.value.helps["resolution"])
    assert count_source("googlenet", Setting(resolution=size)).macs > 0
    with pytest.raises(InputError):
        count_source("googlenet", Setting(resolution=size - 1))


@pytest.mark.parametrize("shape", [(1, 224, 224), (3, 224), (224,), (4, 224, 224), (1, 3, 224, 224)])
def test_an_input_of_another_kind_is_told_the_right_one(shape):
    with pytest.raises(InputError, match=r"The forward pass failed.* vgg16 takes 3x224x224\.$"):
        count_source("vgg16", Setting((InputSpec(shape),)))


def test_a_network_of_a_file_is_advised_with_the_sizes_that_it_takes(nets):
    with pytest.raises(InputError, match=r"An image of 5x5 would do\.$") as raised:
        count_source(f"{nets}:Free", Setting((InputSpec((3, 2, 2)),)))
    assert raised.value.helps == {"inputs": "3x5x5"}


@pytest.mark.parametrize("size", [8, 11, 40])
def test_a_network_for_one_size_is_advised_that_size(nets, size):
    with pytest.raises(InputError, match=r"in layer 'fc', .*An image of 16x16 would do\.$"):
        count_source(f"{nets}:Fixed", Setting((InputSpec((3, size, size)),)))


def test_no_size_is_advised_where_none_is_near(nets):
    with pytest.raises(InputError, match=r"in layer 'fc', .*RuntimeError: [^.]*\.$"):
        count_source(f"{nets}:Fixed", Setting((InputSpec((3, 200, 200)),)))


def test_no_size_is_advised_where_none_was_found(nets):
    with pytest.raises(InputError, match=r"KeyError: 'nothing here'\.?$"):
        count_source(f"{nets}:Raises", Setting((InputSpec((3, 8, 8)),)))


def test_too_many_inputs_are_refused():
    two = (InputSpec((3, 64, 64)), InputSpec((3, 64, 64)))
    with pytest.raises(InputError, match="takes 2 positional arguments but 3 were given"):
        count_source("resnet18", Setting(two))


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        (Setting((InputSpec((999_999_999,) * 3),)), "No tensor can have 1×999999999×999999999×999999999 elements"),
        (Setting(batch_size=10**20), "No tensor can have 100000000000000000000×3×224×224 elements of float32."),
    ],
)
def test_an_input_that_no_memory_could_number_is_refused(setting, says):
    with pytest.raises(InputError, match=re.escape(says)):
        count_source("resnet18", setting)


def test_an_op_without_a_rule_is_named_and_refused_under_strict(nets):
    setting = Setting((InputSpec((3, 3)),))
    cost = count_source(f"{nets}:Odd", setting)
    assert cost.uncounted
    with pytest.raises(UncountedError, match="No rule counts these ops"):
        count_source(f"{nets}:Odd", Setting((InputSpec((3, 3)),), strict=True))


# -- saved costs -------------------------------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "cost.json"
    path.write_text(cost_to_json(count("lenet5")))
    return str(path)


def test_a_saved_cost_is_read_back(saved):
    assert read_for(saved, Setting()) == count("lenet5")
    assert read_for(saved, Setting(strict=True)) == count("lenet5")


@pytest.mark.parametrize(
    "setting", [Setting(batch_size=2), Setting(resolution=32), Setting((InputSpec((3,)),)), Setting(dtype="float16")]
)
def test_a_saved_cost_cannot_be_counted_for_another_input(saved, setting):
    with pytest.raises(InputError, match="is a saved cost, counted for one input: name its network"):
        read_for(saved, setting)


def test_a_saved_cost_with_gaps_is_refused_under_strict(nets, tmp_path):
    path = tmp_path / "odd.json"
    path.write_text(cost_to_json(count_source(f"{nets}:Odd", Setting((InputSpec((3, 3)),)))))
    assert read_for(str(path), Setting()).uncounted
    with pytest.raises(UncountedError, match=r"was saved with ops that no rule counts: [\w:]+ \(1 ×\)"):
        read_for(str(path), Setting(strict=True))


def test_a_missing_or_spoilt_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.json cannot be read: No such file or directory\."):
        read_for(str(tmp_path / "nowhere.json"), Setting())
    (tmp_path / "spoilt.json").write_text("{}")
    with pytest.raises(DataError, match=r"spoilt\.json: This is no saved cost"):
        read_for(str(tmp_path / "spoilt.json"), Setting())


@pytest.mark.parametrize("name", ["", "x", "nowhere:Net", "nowhere.py:Net", "lenet5(1)"])
def test_every_failure_is_one_of_ours(name):
    with pytest.raises(ArchstatError):
        count_source(name, Setting())


# -- memory over time --------------------------------------------------------------------------------------------------

OVER_TIME = ["lenet5", "alexnet", "resnet18", "densenet121", "squeezenet1_0", "se_resnet50"]


@pytest.mark.parametrize("name", OVER_TIME)
def test_the_highest_level_is_the_peak_of_the_cost(name):
    analysis = analyse(name, Setting())
    found = analysis.levels()
    assert max(level.nbytes for level in found.levels) == analysis.cost.peak_activation_bytes > 0
    at_peak = found.levels[found.peak.op]
    assert (at_peak.nbytes, at_peak.layer) == (found.peak.nbytes, found.peak.layer)
    assert found.peak.layer == analysis.cost.peak_layer
    assert sum(each.nbytes for each in found.alive) == found.peak.nbytes
    assert found.alive == analysis.memory().alive


@pytest.mark.parametrize("name", OVER_TIME)
def test_every_level_grows_with_the_batch(name):
    one, three = (analyse(name, Setting(batch_size=size)).levels().levels for size in (1, 3))
    assert [(level.layer, level.op, level.nbytes) for level in three] == [
        (level.layer, level.op, 3 * level.nbytes) for level in one
    ]


# -- what is no network ------------------------------------------------------------------------------------------------


class Pipeline:
    def __init__(self):
        self.encoder, self.decoder = nn.Linear(4, 4), nn.Linear(4, 4)


def makes_one():
    return nn.Linear(4, 4)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (nn.Linear, r"^Linear is a class of networks and no network: call it, as in 'Linear\(…\)'\.$"),
        (None, r"^None is no network: does the function that makes it return it\?$"),
        (makes_one, r"^'makes_one' is a function and no torch\.nn\.Module: hand over the network itself\.$"),
        (len, r"^'len' is a builtin_function_or_method and no torch\.nn\.Module"),
        (dict, r"no torch\.nn\.Module but the class dict\.$"),
        (3, r"no torch\.nn\.Module but of type int\.$"),
        ({"a": 1}, r"of type dict\.$"),
        (torch.ones(2), r"of type torch\.Tensor\.$"),
        (Pipeline(), r"Pipeline: hand over one of its networks, 'encoder', 'decoder'\.$"),
    ],
)
def test_what_is_no_network_is_told_apart_in_one_sentence(given, says):
    from archstat.measuring.api import measure

    for use in (count, explain, measure):
        with pytest.raises(SourceError, match=says) as raised:
            use(given, torch.ones(1, 4))
        assert "\n" not in str(raised.value)


def test_an_exported_program_is_counted_on_its_own_input_or_another():
    exported = torch.export.export(nn.Linear(4, 4), (torch.ones(1, 4),))
    assert count(exported).macs == count(exported, torch.ones(1, 4)).macs == 16
    assert count(exported.module(), torch.ones(1, 4)).macs == 16


@pytest.fixture
def wants_values(tmp_path):
    """The name of a network whose forward pass needs values."""
    path = tmp_path / "wants_values.py"
    path.write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.fc = torch.nn.Linear(8, 8)\n"
        "    def forward(self, x):\n"
        "        return self.fc(x[x.sum(1) > -100])\n"
    )
    return f"{path}:Net"


def test_a_network_that_needs_values_is_run_for_real(wants_values):
    cost = count_source(wants_values, Setting(inputs=(InputSpec((8,)),)))
    assert (cost.forward, cost.macs) == ("real", 64)


def test_a_network_that_needs_values_and_more_memory_than_is_free_is_refused(wants_values, monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=200))
    says = r"it needs values .*\. Its parameters alone take 288 B, and 200 B of memory are free\."
    with pytest.raises(InputError, match=says):
        count_source(wants_values, Setting(inputs=(InputSpec((8,)),)))


def test_a_named_network_that_draws_which_way_it_goes_goes_the_same_way_each_time(tmp_path):
    path = tmp_path / "drawn.py"
    path.write_text(
        "import torch\nfrom torch import nn\n\nclass Net(nn.Linear):\n"
        "    def forward(self, x):\n"
        "        for _ in range(int(100 * (torch.rand(()) + 0 * x.sum()))):\n"
        "            x = super().forward(x)\n"
        "        return x\n"
    )
    found = set()
    for seed in range(3):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        found.add(count_source(f"{path}:Net(4, 4)", Setting((InputSpec((4,)),))).macs)
        assert torch.equal(torch.get_rng_state(), before)
    assert len(found) == 1
