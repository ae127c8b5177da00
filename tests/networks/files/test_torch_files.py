"""Networks in files of torch's: what is read, and that nothing else in them is run or believed."""

import os
import re
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

import archstat
from archstat.analysis.inference import analyse
from archstat.errors import ArchstatError, InputError, SourceError
from archstat.networks.file_formats import FILE_FORMATS, format_of
from archstat.networks.input_specs import InputSpec
from archstat.networks.settings import Setting
from archstat.networks.sources import find
from archstat.networks.trust import NOTHING, Reach, names_code

SIZE = (3, 16, 16)

# torch 2.14 says so of whoever writes TorchScript; the files of those before are there all the same
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.*deprecated:FutureWarning")


class Net(nn.Module):
    """A convolution, a norm, a layer that is used twice and one for the classes."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.mix = nn.Conv2d(8, 8, 1)
        self.head = nn.Sequential(nn.Linear(8, 4), nn.ReLU())

    def forward(self, x):
        x = self.mix(self.mix(torch.relu(self.norm(self.conv(x)))))
        return self.head(x.mean((2, 3)))


class Touches:
    """An object that leaves a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def network():
    return Net().eval()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved_program(network, path, **how):
    program = torch.export.export(network, (torch.zeros(2, *SIZE),), **how)
    torch.export.save(program, path)
    return program


def totals(cost):
    return cost.parameters, cost.buffers, cost.macs, cost.other_flops, cost.activation_bytes, cost.peak_activation_bytes


def scripted(network, path):
    torch.jit.script(network).save(path)


def traced(network, path):
    torch.jit.trace(network, torch.zeros(1, *SIZE)).save(path)


def test_an_exported_program_costs_what_its_network_does_on_the_input_it_was_exported_with(network):
    saved_program(network, "net.pt2")
    cost = archstat.count("net.pt2")
    assert totals(cost) == totals(archstat.count(network, torch.zeros(2, *SIZE)))
    assert (cost.input_shapes, cost.input_origin) == (((2, *SIZE),), "example")


def test_an_exported_program_has_the_layers_of_its_network(network):
    saved_program(network, "net.pt2")
    rows = [(row.layer, row.kind, row.parameters) for row in archstat.count("net.pt2").layers]
    own = [(row.layer, row.kind, row.parameters) for row in archstat.count(network, torch.zeros(2, *SIZE)).layers]
    assert rows == own


def test_an_exported_program_is_counted_from_python_with_its_own_input_or_another(network):
    batch = torch.export.Dim("batch", min=1, max=64)
    program = saved_program(network, "net.pt2", dynamic_shapes={"x": {0: batch}})
    own, other = archstat.count(program), archstat.count(program, torch.zeros(5, *SIZE))
    assert (own.architecture, own.input_origin, other.input_origin) == ("Net", "example", "given")
    assert 5 * own.macs == 2 * other.macs


def test_a_program_whose_layers_cannot_be_told_apart_is_counted_as_one(network, monkeypatch):
    program = saved_program(network, "net.pt2")

    def fail(_):
        raise RuntimeError("no layers")

    monkeypatch.setattr(torch.export, "unflatten", fail)
    assert archstat.count(program).macs == archstat.count(network, torch.zeros(2, *SIZE)).macs


def test_sizes_that_a_program_leaves_open_are_given(network):
    dims = {0: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
    saved_program(network, "net.pt2", dynamic_shapes={"x": dims})
    cost = analyse("net.pt2", Setting((InputSpec((3, 20, 24)),), batch_size=3)).cost
    assert totals(cost) == totals(archstat.count(network, torch.zeros(3, 3, 20, 24)))


def test_sizes_that_a_program_fixed_are_refused_by_name(network):
    saved_program(network, "net.pt2")
    with pytest.raises(InputError, match="to be equal to 2, but got 4"):
        analyse("net.pt2", Setting((InputSpec(SIZE),), batch_size=4))
    with pytest.raises(InputError, match="brings its own input, which a batch size does not change"):
        analyse("net.pt2", Setting(batch_size=4))


@pytest.mark.parametrize("name", ["net.pt", "net.ts", "net.PTH"])
@pytest.mark.parametrize("save", [scripted, traced])
def test_torchscript_costs_what_its_network_does(network, save, name):
    save(network, name)
    cost = analyse(name, Setting((InputSpec(SIZE),))).cost
    assert totals(cost) == totals(archstat.count(network, torch.zeros(1, *SIZE)))


def test_torchscript_without_an_input_asks_for_one(network):
    scripted(network, "net.ts")
    with pytest.raises(InputError, match=r"Which input does 'net.ts' take\?"):
        archstat.count("net.ts")


def test_an_exported_program_is_read_whatever_its_ending(network):
    saved_program(network, "net.pt2")
    Path("net.pt2").rename("net.pt")
    assert archstat.count("net.pt").parameters == 348


@pytest.mark.parametrize("is_archive", [True, False], ids=["new", "old"])
def test_a_state_dict_is_refused_with_its_number_of_parameters(network, is_archive):
    torch.save(network.state_dict(), "net.pt", _use_new_zipfile_serialization=is_archive)
    told = "it is a state dict of 348 parameters: the network itself is missing. Name its class, as './net.py:Net'."
    with pytest.raises(SourceError, match=re.escape(told)):
        archstat.count("net.pt")


def test_a_checkpoint_is_refused_with_the_parameters_of_its_network_alone(network):
    moments = {"state": {0: {"exp_avg": torch.zeros(100)}}}
    torch.save({"model": network.state_dict(), "optimizer": moments, "epoch": 3}, "net.pth")
    with pytest.raises(SourceError, match="it holds a state dict of 348 parameters"):
        archstat.count("net.pth")


def test_a_weight_with_two_names_counts_once_in_a_state_dict():
    weight = torch.zeros(3, 5)
    torch.save({"encoder.weight": weight, "decoder.weight": weight, "bias": torch.zeros(5)}, "net.pt")
    with pytest.raises(SourceError, match="state dict of 20 parameters"):
        archstat.count("net.pt")


def test_a_pickled_network_is_never_loaded(network, here):
    network.extra = Touches("touched")
    torch.save(network, "net.pt")
    with pytest.raises(SourceError, match=r"'net.pt' is a pickle with '.*' in it, which is never loaded, .*: name the"):
        archstat.count("net.pt")
    assert not (here / "touched").exists()


@pytest.mark.parametrize("name", ["net.pt", "net.pt2"])
def test_nothing_is_unpickled_in_place_of_the_weights_of_a_program(network, here, name):
    saved_program(network, "whole.pt2")
    torch.save(Touches("touched"), "bad.pt")
    with zipfile.ZipFile("whole.pt2") as whole, zipfile.ZipFile(name, "w") as changed:
        for each in whole.namelist():
            bad = each.endswith("sample_inputs/model.pt")
            changed.writestr(each, Path("bad.pt").read_bytes() if bad else whole.read(each))
    with pytest.raises(SourceError, match=r"holds no program that torch.export can load"):
        archstat.count(name)
    assert not (here / "touched").exists()
    assert "TORCH_FORCE_WEIGHTS_ONLY_LOAD" not in os.environ


def test_pickled_objects_of_a_program_are_refused(network):
    saved_program(network, "net.pt2")
    with zipfile.ZipFile("net.pt2", "a") as archive:
        archive.writestr("net/data/constants/opaque_obj_0", b"x")
    with pytest.raises(SourceError, match="holds pickled objects, which are never loaded"):
        archstat.count("net.pt2")


@pytest.mark.parametrize("name", ["net.pt", "net.pt2", "net.ts"])
@pytest.mark.parametrize("size", [0, 5, 300, -40])
def test_a_broken_file_is_one_sentence(network, here, name, size):
    saved_program(network, "whole.pt2") if name.endswith("2") else scripted(network, "whole.pt2")
    content = (here / "whole.pt2").read_bytes()
    (here / name).write_bytes(content[: size or 0])
    with pytest.raises(
        SourceError, match=r"^'net.*(is empty|no file of torch's|no whole archive|torch.export can load)"
    ) as caught:
        archstat.count(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["net.pt", "net.pt2", "net.ts"])
def test_a_text_a_folder_and_a_file_that_is_not_there_are_refused(here, name):
    with pytest.raises(SourceError, match="There is no file"):
        archstat.count(name)
    (here / name).mkdir()
    with pytest.raises(SourceError, match="no regular file"):
        archstat.count(name)
    (here / name).rmdir()
    (here / name).write_text("hello, I am a text")
    with pytest.raises(SourceError, match=r"no file of torch's|no program of torch.export"):
        archstat.count(name)


def test_a_file_takes_no_arguments(network):
    saved_program(network, "net.pt2")
    with pytest.raises(SourceError, match="takes no arguments"):
        archstat.count("net.pt2(width=3)")


def test_code_and_names_of_hubs_may_end_as_files_do(here):
    assert format_of("./net.py:Net.pt") is None
    assert format_of("hub:small.pt") is None
    (here / "a:b.pt").write_bytes(b"x")
    assert format_of("a:b.pt").name == "TorchScript"


@pytest.mark.parametrize("kind", FILE_FORMATS.all().values(), ids=lambda kind: kind.name)
def test_a_format_that_can_run_code_is_named_by_trusted_files_alone(kind):
    for ending in kind.endings:
        assert names_code(f"net{ending}") == kind.runs_code


def test_a_claims_file_names_a_program_within_its_reach_only(network, here):
    saved_program(network, "net.pt2")
    (here / "inside").mkdir()
    reach = Reach("claims.toml", (str(here / "inside"),))
    with pytest.raises(SourceError, match=r"leads to code that claims.toml may not name"):
        find("net.pt2", reach)
    assert find("net.pt2", Reach("claims.toml", (str(here),))).name == "net.pt2"
    with pytest.raises(ArchstatError, match="trust"):
        NOTHING.reach("claims.toml", "net.pt2")
