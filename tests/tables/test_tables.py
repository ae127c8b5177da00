"""Which rows and columns there are, and what stands in them."""

import functools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import archstat
from archstat.analysis.inference import Setting, count_source
from archstat.analysis.matching import matched
from archstat.errors import InputError, UnknownNameError
from archstat.published.figures import published, select
from archstat.records import LayerCost, UncountedOp
from archstat.registry import architectures
from archstat.tables import compare_table, diff_table, layer_table, list_table, op_table
from archstat.tables.cells import shown_cells
from archstat.tables.difference import nothing_like, totals_table

cost_of = functools.cache(archstat.count)
SUMMED = ("parameters", "macs", "flops", "activations", "activation_bytes")


def column(table, key):
    """The values of one column."""
    place = [each.key for each in table.columns].index(key)
    return [row[place] for row in table.rows]


def row(layer="a", kind="Conv2d", detail="", call=1, shape=(1,), **counts):
    """A row of a cost."""
    names = LayerCost.__struct_fields__[5:-1]
    amounts = {**dict.fromkeys(names, 0), **counts}
    return LayerCost(layer, kind, detail, call, shape, **amounts, is_layer=kind[:1].isupper())


# -- one network -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [None, 1, 2, 3, 99])
@pytest.mark.parametrize("name", list(architectures))
@pytest.mark.sampled(4)
def test_every_column_adds_up_to_the_total_whatever_the_depth(name, depth):
    cost, table = cost_of(name), layer_table(cost_of(name), depth=depth)
    for key in SUMMED:
        assert sum(column(table, key)) == getattr(cost, key)
    assert sum(column(table, "macs_share")) == pytest.approx(1)


@pytest.mark.parametrize("name", ["lenet5", "googlenet", "resnet50"])
def test_the_ops_add_up_too(name):
    cost, table = cost_of(name), op_table(cost_of(name))
    assert sum(column(table, "macs")) == cost.macs
    assert sum(column(table, "flops")) == cost.flops
    assert sum(column(table, "macs_share")) == pytest.approx(1)


def test_every_row_has_every_column():
    tables = [
        layer_table(cost_of("lenet5")),
        op_table(cost_of("lenet5")),
        compare_table([cost_of("lenet5")]),
        diff_table(cost_of("lenet5"), cost_of("lenet5_modern")),
        list_table(select()),
    ]
    for table in tables:
        assert table.rows
        assert {len(values) for values in table.rows} == {len(table.columns)}
        assert len({each.key for each in table.columns}) == len(table.columns)


def test_rows_are_in_the_order_of_execution():
    assert column(layer_table(cost_of("lenet5")), "layer") == [layer.layer for layer in cost_of("lenet5").layers]


def test_a_depth_of_one_is_a_row_for_each_stage():
    table = layer_table(cost_of("resnet18"), depth=1)
    assert column(table, "layer") == [
        "conv1",
        "bn1",
        "relu1",
        "pool1",
        "conv2_x",
        "conv3_x",
        "conv4_x",
        "conv5_x",
        "pool5",
        "flatten",
        "fc",
    ]
    stage = dict(zip(column(table, "layer"), table.rows, strict=True))["conv5_x"]
    assert stage[1:3] == ("17 rows", (1, 512, 7, 7))


def test_a_depth_below_every_layer_changes_nothing():
    assert layer_table(cost_of("googlenet"), depth=9).rows[:3] == layer_table(cost_of("googlenet")).rows[:3]


def test_what_the_network_itself_runs_stands_under_its_own_name():
    cost = msgspec.structs.replace(cost_of("lenet5"), layers=(row("", "add", macs=0),))
    assert column(layer_table(cost), "layer") == ["(network)"]
    assert column(diff_table(cost, cost), "layer") == ["(network)"]


def test_a_layer_that_runs_again_says_so():
    cost = msgspec.structs.replace(cost_of("lenet5"), layers=(row(), row(call=2), row(kind="add", call=2)))
    assert column(layer_table(cost), "kind") == ["Conv2d", "Conv2d, run 2", "add"]


@pytest.mark.parametrize("key", ["parameters", "macs", "flops", "activations", "activation_bytes", "macs_share"])
def test_sorting_by_a_number_puts_the_largest_first(key):
    values = column(layer_table(cost_of("alexnet"), sort=key), key)
    assert values == sorted(values, reverse=True)
    assert len(values) == len(cost_of("alexnet").layers)


@pytest.mark.parametrize("key", ["layer", "kind"])
def test_sorting_by_a_name_goes_by_the_alphabet(key):
    values = column(layer_table(cost_of("alexnet"), sort=key), key)
    assert values == sorted(values)


def test_sorting_works_with_ops_and_with_stages():
    assert column(op_table(cost_of("resnet18"), sort="calls"), "calls")[0] == 20
    assert column(layer_table(cost_of("alexnet"), depth=1, sort="parameters"), "layer")[:2] == ["fc6", "fc7"]


def test_a_column_that_is_not_there_cannot_be_sorted_by():
    says = r"No column is named 'mac'\. Did you mean 'macs'.*The columns are layer, kind, parameters, macs"
    with pytest.raises(UnknownNameError, match=says):
        layer_table(cost_of("lenet5"), sort="mac")
    with pytest.raises(UnknownNameError, match="The columns are op, calls, macs"):
        op_table(cost_of("lenet5"), sort="layer")


def test_a_network_without_macs_has_no_shares():
    cost = msgspec.structs.replace(cost_of("lenet5"), macs=0, layers=(row(),))
    assert column(layer_table(cost), "macs_share") == [None]


def test_the_totals_stand_under_the_table_in_full():
    notes = "\n".join(layer_table(cost_of("vgg16")).notes)
    assert "138,357,544 (138.4 M), all trainable" in notes
    assert "15,470,264,320 (15.47 G)" in notes
    assert "30,972,232,168 (30.97 G) = 2 · MACs + 31,703,528" in notes
    assert "Activation memory 57.55 MiB of all layers" in notes
    assert "Not counted       nothing" in notes
    assert "Note              15.3 G is the convolutions alone" in notes


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("vgg16", "138M parameters (Table 2): as counted, rounded."),
        ("vgg16", "15.3 billion MACs of the convolutions alone (ResNet paper, §4.1): as counted, rounded."),
        ("lenet5", "60,000 parameters (§II-B, trainable parameters): as counted."),
        ("resnet50", "cut off instead of rounded; 3.858 G printed as 3.8."),
        (
            "inception_module_bottleneck",
            "358M MACs of the convolutions alone (slide 55): not as counted; the slide's own terms sum to",
        ),
        ("resnet50", "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition (2015), Table 1, 50-layer."),
    ],
)
def test_what_was_published_stands_under_the_table(name, says):
    assert says in "\n".join(layer_table(cost_of(name)).notes)


def test_a_variant_is_not_set_beside_what_was_published_of_another():
    notes = "\n".join(layer_table(cost_of("resnet34(shortcuts='C')")).notes)
    assert "Published" not in notes
    assert "Paper             He, Zhang" in notes


def test_frozen_parameters_are_told_apart():
    cost = msgspec.structs.replace(cost_of("lenet5"), trainable_parameters=59_000)
    assert "Parameters        60,000, 59,000 of them trainable" in layer_table(cost).notes


def test_what_was_not_counted_is_named_in_every_table():
    cost = msgspec.structs.replace(cost_of("lenet5"), uncounted=(UncountedOp("svd", 2, 5_000_000),))
    says = "svd (2 ×, 5.000 M elements): MACs and FLOPs are lower bounds"
    assert any(note.endswith(says) for note in layer_table(cost).notes)
    assert any(note.endswith(says) for note in op_table(cost).notes)
    assert f"lenet5: not counted: {says}." in compare_table([cost]).notes


def test_a_network_that_was_run_for_real_says_so():
    cost = msgspec.structs.replace(cost_of("lenet5"), forward="real")
    assert any("run for real" in note for note in layer_table(cost).notes)
    assert not any("run for real" in note for note in layer_table(cost_of("lenet5")).notes)


# -- several networks --------------------------------------------------------------------------------------------------


def compared(*names, costs=None):
    return compare_table(costs or [cost_of(name) for name in names])


def test_totals_stand_beside_what_was_published():
    table = compared("vgg16", "resnet50")
    assert column(table, "macs") == [15_470_264_320, 3_857_973_248]
    assert [str(figure) for figure in column(table, "published_macs")] == ["15.3 billion", "3.8e9"]
    assert column(table, "top1_error") == [28.408, 24.7], "those by one crop, which both have"
    assert [cells[5] for cells in shown_cells(table)] == ["15.3 billion (conv)", "3.8e9 ↓"]


def test_what_was_not_published_is_a_dash():
    cells = shown_cells(compared("lenet5_modern"))[0]
    assert (cells[3], cells[5], cells[9], cells[10], cells[11]) == ("–",) * 5


def test_marks_are_explained_and_only_those_that_are_there():
    assert not any(note.startswith(("↓", "≠")) for note in compared("vgg16").notes)
    notes = compared("alexnet", "googlenet").notes
    assert "↓ printed digits are cut off, not rounded." in notes
    assert "≠ alexnet, MACs 720M: 724.4 M, of which the table keeps two digits." in notes
    assert any(note.startswith("≠ googlenet, parameters 6.8M: 6.99 M; Table 1") for note in notes)


def test_a_variant_is_not_given_the_verdict_of_the_published_one():
    table = compared("resnet18(shortcuts='A')")
    parameters, macs = column(table, "published_parameters")[0], column(table, "published_macs")[0]
    assert (parameters.verdict, macs.verdict) == ("differs", "rounds")
    assert "≠ resnet18(shortcuts='A'), parameters 11,689,512: published for another variant or input." in table.notes


def test_another_input_is_not_given_the_verdict_of_the_published_one():
    double = msgspec.structs.replace(cost_of("resnet50"), macs=2 * 3_857_973_248)
    assert shown_cells(compared(costs=[double]))[0][5] == "3.8e9 ≠"


def test_a_variant_or_another_input_is_not_given_the_errors_of_the_published_one():
    large = count_source("resnet50", Setting(resolution=320))
    assert column(compared("resnet18(shortcuts='A')", "resnet50(classes=10)"), "top1_error") == [None, None]
    assert column(compared(costs=[large]), "top1_error") == [None]


def test_networks_are_sorted_by_a_number_or_by_name():
    names = ("vgg16", "alexnet", "resnet50")
    costs = [cost_of(name) for name in names]
    assert column(compare_table(costs, sort="macs"), "architecture") == ["vgg16", "resnet50", "alexnet"]
    assert column(compare_table(costs, sort="architecture"), "architecture") == sorted(names)
    with pytest.raises(UnknownNameError, match=r"No column is named 'published_macs'.*The columns are arch"):
        compare_table(costs, sort="published_macs")


def test_a_network_that_is_not_ours_is_compared_too():
    other = msgspec.structs.replace(cost_of("lenet5"), architecture="./net.py:Net")
    assert column(compared(costs=[other]), "published_parameters") == [None]


def test_errors_are_those_of_the_protocol_that_most_networks_share():
    names = ["resnet50", "se_resnet50", "resnet152", "se_resnet152"]
    table = compared(*names)
    assert column(table, "top1_error") == [24.7, 23.29, 23.0, 21.57], "by 10-crop ResNet-50 would have 22.85"
    assert set(column(table, "protocol")) == {"ImageNet val, 1-crop"}
    assert table.notes[-1] == "Errors are those by ImageNet val, 1-crop."
    assert compared("lenet5_modern").notes == ()


def test_another_protocol_can_be_chosen_and_who_has_none_by_it_is_named():
    costs = [cost_of(name) for name in ("resnet50", "se_resnet50")]
    table = compare_table(costs, protocol="10-CROP")
    assert column(table, "top1_error") == [22.85, None]
    assert column(table, "protocol") == ["ImageNet val, 10-crop", None]
    assert "of se_resnet50 there are only errors by other protocols" in table.notes[-1]


@pytest.mark.parametrize("protocol", ["12-crop", "1-crop of another"])
def test_a_protocol_that_none_has_is_refused(protocol):
    costs = [cost_of(name) for name in ("resnet50", "se_resnet50")]
    with pytest.raises(UnknownNameError, match="The protocols are ImageNet val, 1-crop; ImageNet val, 10-crop"):
        compare_table(costs, protocol=protocol)


def test_the_end_of_a_protocol_is_enough_and_a_part_of_several_is_not():
    costs = [cost_of(name) for name in ("vgg16", "alexnet", "resnet50")]
    assert column(compare_table(costs, protocol="10-crop"), "top1_error") == [None, 40.7, 22.85]
    with pytest.raises(InputError, match="'crop' is part of 4 protocols: ImageNet val, 1-crop; "):
        compare_table(costs, protocol="crop")


def test_every_architecture_is_listed_in_the_order_of_the_file():
    table = list_table(select())
    assert column(table, "architecture") == list(published())
    assert column(table, "macs") == [cost_of(name).macs for name in published()]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("vgg??", {"vgg11", "vgg13", "vgg16", "vgg19"}),
        ("*_aux", {"googlenet_aux", "inception_v3_aux"}),
        ("vgg1[69]", {"vgg16", "vgg19"}),
        ("vgg1", {"vgg11", "vgg11_lrn", "vgg13", "vgg16", "vgg16_1x1", "vgg19", "se_vgg16"}),
        ("LECUN", {"lenet5", "lenet5_modern"}),
        ("visualizing and", {"zfnet", "zfnet_512_1024_512"}),
        ("mnist", {"lenet5", "lenet5_modern"}),
    ],
)
def test_a_pattern_is_looked_for_in_names_titles_authors_and_tasks(pattern, names):
    assert set(column(list_table(select(pattern)), "architecture")) == names


def test_a_pattern_that_matches_nothing_says_so():
    table = list_table(select("qqq"))
    assert (table.rows, table.notes) == ((), ("No architecture fits. 'archstat list' shows all of them.",))


# -- two networks ------------------------------------------------------------------------------------------------------


def marks(a, b):
    """The marks and paths of the rows of two lists of layers."""
    replace = msgspec.structs.replace
    both = (replace(cost_of("lenet5"), layers=tuple(each)) for each in (a, b))
    return [values[:3] for values in diff_table(*both, is_full=True).rows[1:]]


def test_a_network_is_like_itself():
    table = diff_table(cost_of("googlenet"), cost_of("googlenet"))
    assert set(column(table, "mark")) == {"="}
    assert table.notes[-1] == f"{len(table.rows)} of {len(table.rows)} rows are alike."
    assert all(note.endswith("   =") for note in table.notes[:-1])


def test_only_the_changes_are_left_when_asked_for():
    table = diff_table(cost_of("googlenet"), cost_of("googlenet"), only_changes=True)
    assert table.rows == ()
    changed = diff_table(cost_of("resnet50"), cost_of("resnet50_v1_5"), only_changes=True)
    assert set(column(changed, "mark")) == {"~"}
    assert len(changed.rows) == 12


def test_rows_are_matched_by_path_first():
    a, b = row("a", macs=1), row("a", macs=2)
    assert marks([a], [b]) == [("~", "a", "a")]


def test_a_layer_whose_class_changes_keeps_its_place():
    table = diff_table(
        msgspec.structs.replace(cost_of("lenet5"), layers=(row(kind="ReLU"),)),
        msgspec.structs.replace(cost_of("lenet5"), layers=(row(kind="GELU"),)),
    )
    assert table.rows[0][:3] == ("~", "a", "ReLU ⇄ GELU")


def test_rows_without_a_path_in_common_are_matched_by_kind_and_shape():
    a = [row("old.conv", detail="3→64", shape=(1, 64)), row("old.fc", "Linear", shape=(1, 10))]
    b = [row("new.conv", detail="3→64", shape=(1, 64)), row("new.fc", "Linear", shape=(1, 20))]
    assert marks(a, b) == [("=", "old.conv", "new.conv"), ("-", "old.fc", ""), ("+", "", "new.fc")]


def test_a_path_wins_over_a_shape():
    a = [row("x", detail="1"), row("y", detail="2")]
    b = [row("y", detail="1"), row("x", detail="2")]
    assert marks(a, b) == [("~", "x", "x"), ("~", "y", "y")]


def test_two_runs_of_a_layer_are_two_rows():
    assert marks([row(), row(call=2)], [row()]) == [("=", "a", "a"), ("-", "a", "")]


def test_two_ops_of_one_layer_are_told_apart_by_name():
    assert marks([row(kind="add")], [row(kind="mul")]) == [("-", "a", ""), ("+", "", "a")]


def test_a_row_of_b_alone_stands_where_it_runs():
    a, b, c = row("a"), row("b", detail="b"), row("c", detail="c")
    assert marks([a, c], [a, b, c]) == [("=", "a", "a"), ("+", "", "b"), ("=", "c", "c")]
    assert marks([c], [b, c]) == [("+", "", "b"), ("=", "c", "c")]
    assert marks([], [b]) == [("+", "", "b")]


rows = st.lists(
    st.builds(row, st.sampled_from("abcd"), st.sampled_from(["Conv2d", "ReLU", "add"]), call=st.integers(1, 2)),
    max_size=6,
    unique_by=lambda each: (each.layer, each.kind, each.call),
)


@given(rows, rows)
def test_every_row_stands_once_and_in_its_order(a, b):
    pairs = matched(a, b)
    assert [left for left, _ in pairs if left is not None] == a
    rights = [right for _, right in pairs if right is not None]
    assert sorted(rights, key=str) == sorted(b, key=str)
    assert all(pair != (None, None) for pair in pairs)


@given(rows)
def test_a_list_is_matched_with_itself(a):
    assert matched(a, a) == [(each, each) for each in a]


@pytest.mark.parametrize(("a", "b"), [("lenet5", "lenet5_modern"), ("resnet18", "resnet34"), ("vgg16", "alexnet")])
def test_both_sides_of_a_diff_add_up(a, b):
    table = diff_table(cost_of(a), cost_of(b))
    for side, name in (("a", a), ("b", b)):
        for key in ("parameters", "macs", "activation_bytes"):
            assert sum(value or 0 for value in column(table, f"{key}_{side}")) == getattr(cost_of(name), key)


def test_the_change_of_every_total_is_given():
    notes = diff_table(cost_of("resnet50"), cost_of("resnet50_v1_5")).notes
    assert notes[0] == "Parameters        25,557,032 → 25,557,032   ="
    assert notes[1] == "MACs              3,857,973,248 → 4,089,184,256   +231.2 M (+6.0 %)"
    assert notes[3] == "Activation memory 102.6 MiB → 106.6 MiB   +4.020 MiB (+3.9 %)"
    assert notes[5].startswith("MACs changed most in conv3_x.conv3_1.")
    assert notes[6] == "175 of 187 rows are alike."


def test_rows_whose_paths_differ_say_both_and_others_one():
    a = [row("x", detail="1", shape=(1, 2)), row("old", "Linear", shape=(1, 3))]
    b = [row("x", detail="1", shape=(1, 2)), row("new", "Linear", shape=(1, 3))]
    both = [msgspec.structs.replace(cost_of("lenet5"), layers=tuple(each)) for each in (a, b)]
    assert column(diff_table(*both), "layer") == ["x", "old ⇄ new"]


def test_the_totals_stand_in_the_first_row_for_programs():
    a, b = cost_of("resnet50"), cost_of("resnet50_v1_5")
    table = diff_table(a, b, is_full=True, only_changes=True)
    first = dict(zip([each.key for each in table.columns], table.rows[0], strict=True))
    assert (first["mark"], first["macs_a"], first["macs_b"]) == ("total", a.macs, b.macs)
    assert first["macs_change"] == (b.macs - a.macs) / a.macs


def test_rows_are_ordered_by_how_much_they_changed():
    table = diff_table(cost_of("lenet5"), cost_of("lenet5_modern"), sort="macs", only_changes=True)
    changes = [
        abs((after or 0) - (before or 0))
        for before, after in zip(column(table, "macs_a"), column(table, "macs_b"), strict=True)
    ]
    assert changes == sorted(changes, reverse=True)
    assert table.rows[0][1] == "c3"
    with pytest.raises(UnknownNameError, match="No quantity to sort by is named 'peak'"):
        diff_table(cost_of("lenet5"), cost_of("lenet5_modern"), sort="peak")


def test_rows_of_a_difference_can_be_put_together():
    table = diff_table(cost_of("resnet18"), cost_of("resnet34"), depth=1)
    assert column(table, "layer")[:5] == ["conv1", "bn1", "relu1", "pool1", "conv2_x"]
    assert sum(value or 0 for value in column(table, "macs_b")) == cost_of("resnet34").macs


def test_totals_of_two_networks_are_a_table_for_readers():
    table = totals_table(cost_of("resnet50"), cost_of("resnet50_v1_5"))
    assert table.rows[0] == ("Parameters", "25,557,032", "25,557,032", "=", "")
    assert table.rows[1] == ("MACs", "3,857,973,248", "4,089,184,256", "+231.2 M", "+6.0 %")


def test_a_network_that_is_not_there_costs_nothing_and_all_of_the_other_is_new():
    there = cost_of("lenet5")
    table = diff_table(nothing_like(there, "main:./net.py:Net"), there)
    assert set(column(table, "mark")) == {"+"}
    assert "Parameters B" in [each.header for each in table.columns]
    assert table.notes[0] == "Parameters        0 → 60,000   +60,000"
    gone = diff_table(there, nothing_like(there, "x"))
    assert set(column(gone, "mark")) == {"-"}
