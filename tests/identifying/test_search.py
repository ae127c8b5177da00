"""Where numbers come from: answers, their order, and how much they are worth."""

import functools
import math

import pytest

import archstat
from archstat.analysis.inference import analyse
from archstat.errors import ArchstatError
from archstat.identifying import asked, identify
from archstat.networks.settings import Setting

once = functools.cache(analyse)


def search(name, text, **how):
    return identify(name, asked(text), once, **how)


def first(name, text, **how):
    return search(name, text, **how).origins[0]


def test_the_number_of_a_tool_on_the_namesake_is_found():
    found = first("resnet50", "4.11 GFLOPs")
    assert (found.network, found.what[0], found.value) == ("resnet50_v1_5", "by fvcore, in MACs", 4_111_512_576)
    assert found.assumptions == ("another network of that name", "MACs called FLOPs")
    assert (found.shown_by, found.how) == ("reconcile", {})


def test_flops_of_two_a_mac_need_no_assumption_where_flops_are_said():
    found = first("resnet50", "7.72 GFLOPs")
    assert (found.what[0], found.value) == ("by conv+linear, in FLOPs of which a MAC is two", 2 * 3_857_973_248)
    assert (found.assumptions, found.strain, found.verdict) == ((), 0, "rounds")


def test_parameters_come_before_what_is_less_usual():
    found = search("resnet50", "25,557,032")
    assert (found.origins[0].network, found.origins[0].what[0]) == ("resnet50", "all parameters")
    assert found.origins[0].verdict == "exact"
    assert found.chance < 1e-5


def test_parameters_without_the_classifier():
    found = first("resnet18", "11,176,512 params")
    assert found.what[0] == "parameters without the classifier"
    assert found.value == 11_689_512 - (512 * 1000 + 1000)


def test_what_a_paper_prints_is_an_answer_though_the_count_is_cut_off():
    found = search("resnet50", "3.8e9").origins
    assert found[0].what[0] == "published: 3.8e9 (Table 1, FLOPs (multiply-adds))"
    assert (found[1].value, found[1].verdict) == (3_857_973_248, "truncated")
    assert found[1].assumptions == ("digits cut off and not rounded",)


def test_another_resolution_is_found_and_its_command_says_it():
    macs = archstat.count("resnet20", resolution=288).macs
    found = first("resnet20", f"{macs:,} MACs")
    assert (found.network, found.size, found.value) == ("resnet20", "288×288", macs)
    assert (found.shown_by, found.how) == ("reconcile", {"resolution": 288})
    assert found.assumptions == ("another size of the input",)


def test_a_resolution_that_is_said_is_held_fast():
    macs = archstat.count("resnet20", resolution=288).macs
    assert not search("resnet20", f"{macs:,} MACs", setting=Setting(resolution=224)).is_found
    assert first("resnet20", f"{macs:,} MACs", setting=Setting(resolution=288)).assumptions == ()


def test_a_published_variant_is_found():
    found = first("mobilenet_v1", "1,331,592 params")
    assert (found.network, found.what[0]) == ("mobilenet_v1(width=0.5)", "all parameters")


def test_other_classes_are_found():
    found = first("resnet20", f"{269_722 + 90 * 65:,} params")
    assert (found.network, found.assumptions) == ("resnet20(classes=100)", ("100 classes",))


def test_another_network_of_the_family_is_found_without_a_trace():
    found = first("resnet20", f"{archstat.count('plain56').parameters:,} params")
    assert (found.network, found.assumptions) == ("plain56", ("another network of its family",))


def test_megabytes_of_parameters_by_element_type():
    assert first("resnet50", "102.2 MB").what[0] == "all parameters in float32"
    found = first("resnet50", "97.5 MB")
    assert (found.what[0], found.assumptions) == ("all parameters in float32", ("MB of 1,048,576 bytes",))
    assert first("resnet50", "51.1 MB").what[0] == "all parameters in float16"


def test_the_unit_restricts_the_search():
    assert search("lenet5", "325,680 MACs").is_found
    assert not search("lenet5", "325,680 params").is_found
    assert not search("lenet5", "60,000 MACs").is_found


def test_nothing_found_has_the_nearest_with_how_far_off_each_is():
    found = search("lenet5", "61,000 params")
    assert not found.is_found
    nearest = found.nearest[0]
    assert nearest.verdict == "differs"
    assert nearest.off == pytest.approx(float(nearest.value) / 61_000 - 1)
    assert [abs(each.off) for each in found.nearest] == sorted(abs(each.off) for each in found.nearest)


def test_chance_is_the_share_of_numbers_between_half_and_twice_that_a_count_meets():
    found = search("lenet5", "61,000 params", is_thorough=True)
    assert found.is_whole
    assert found.chance == pytest.approx(found.nearby * math.log(61_000.5 / 60_999.5) / math.log(4))
    rounded = search("lenet5", "61k params", is_thorough=True)
    assert rounded.nearby == found.nearby
    assert rounded.chance == pytest.approx(found.nearby * math.log(62 / 60.5) / math.log(4))  # cut off, or rounded


def test_a_search_ends_where_there_is_an_answer_unless_it_is_to_go_on():
    quick, whole = search("resnet20", "0.27M params"), search("resnet20", "0.27M params", is_thorough=True)
    assert not quick.is_whole
    assert whole.is_whole
    assert quick.hypotheses < whole.hypotheses
    assert quick.origins[0].value == whole.origins[0].value


def test_a_saved_cost_is_searched_by_what_it_holds(tmp_path):
    from archstat.cli._networks import analyse_quietly

    archstat.save_cost(archstat.count("lenet5"), tmp_path / "lenet.json")
    found = identify(str(tmp_path / "lenet.json"), asked("651,360 FLOPs"), analyse_quietly)
    assert found.origins[0].what[0] == "by conv+linear, in FLOPs of which a MAC is two"


def test_from_python():
    found = archstat.identify("lenet5", "60k params")
    assert found.is_found
    assert "lenet5, all parameters: 60,000 → 60k params" in repr(found)
    assert "archstat.count('lenet5')" in repr(found)
    assert found.table("csv").startswith("answer,verdict,assumptions,command,network")
    with pytest.raises(ArchstatError, match="no printed number"):
        archstat.identify("lenet5", "x")
    with pytest.raises(ArchstatError, match="There is no setting 'batch'"):
        archstat.identify("lenet5", "60k", batch=3)
