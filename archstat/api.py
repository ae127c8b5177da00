"""The verbs of the command line, for Python: what is not counted or measured itself, but asked of what was.

``archstat`` hands these on, with :func:`~archstat.analysis.inference.count`,
:func:`~archstat.analysis.inference.explain`, :func:`~archstat.analysis.training.count_training`,
:func:`~archstat.measuring.api.measure` and :func:`~archstat.counting.custom.rule`.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from archstat.analysis.inference import analyse, analyse_model, count, named_network
from archstat.analysis.training import count_training, fit_source
from archstat.claims import Finding, check_files
from archstat.counting.conventions import CONVENTIONS
from archstat.errors import InputError, quoted
from archstat.files.results import cost_to_json, read_cost
from archstat.files.saving import write_whole
from archstat.identifying import Identification, asked
from archstat.identifying import identify as identify_number
from archstat.networks.settings import Setting, TrainingSetting, parse_limit
from archstat.networks.trust import NOTHING, Trust
from archstat.networks.written import setting_by_name
from archstat.records import BatchFit, InferenceMemory, ModelCost, Tally, TrainingCost
from archstat.scaling import Over, Scaling, scaling_of
from archstat.tables import compare_table, diff_table

if TYPE_CHECKING:
    import pandas as pd


def memory(
    model: nn.Module | str, *inputs: Any, training: TrainingSetting | None = None, **kwargs: Any
) -> InferenceMemory | TrainingCost:
    """What the memory of a network goes to, and the most that it takes at once, in bytes.

    Args:
        model: A network, or the name of one.
        inputs: What the network's ``forward`` takes. Tensors on the meta device do; an architecture of ours needs none.
        training: How a training step is to be made; ``None``: the memory of the forward pass at inference.
        kwargs: What the network's ``forward`` takes by name.

    Raises:
        ForwardError: The network's own ``forward``, or the step, raised; its error is the cause.
        SourceError: A name leads to no network, or what was handed over is none.
        InputError: A name was given without inputs, and none are known for it, or there is nothing to train.

    >>> found = memory("lenet5_modern")
    >>> found.parameter_bytes, found.peak_activation_bytes
    (246824, 37632)
    """
    if training is not None:
        return count_training(model, *inputs, training=training, **kwargs)
    return analyse_model(model, *inputs, **kwargs).memory()


def compare(*networks: nn.Module | str | ModelCost) -> pd.DataFrame:
    """The totals of several networks, a row each, in base units: the columns of ``archstat compare`` in CSV.

    Args:
        networks: Names of networks that need no input of yours, or what :func:`archstat.count` returned.

    Raises:
        InputError: There is none, or one needs an input: count it first.

    >>> compare("alexnet", "vgg16")[["architecture", "parameters", "macs"]].values.tolist()
    [['alexnet', 60965224, 724406816], ['vgg16', 138357544, 15470264320]]
    """
    if not networks:
        raise InputError("There is nothing to compare: name a network, or hand over what 'count' returned.")
    return compare_table([_cost_of(each) for each in networks]).to_frame()


def diff(
    a: nn.Module | str | ModelCost, b: nn.Module | str | ModelCost, *, depth: int | None = None, sort: str | None = None
) -> pd.DataFrame:
    """Two networks row by row, the whole networks first, in base units: the columns of ``archstat diff`` in CSV.

    Args:
        a: The network before: its name (``"main:./net.py:Net"`` is that of a revision of git), or what
            :func:`archstat.count` returned.
        b: The network after.
        depth: Rows down to this depth; ``None``: every layer.
        sort: The rows that changed this quantity most come first: ``"macs"``; ``None``: as they run.

    Raises:
        ForwardError: A network needs an input: count it first.
        UnknownNameError: There is no such quantity to sort by.

    >>> found = diff("resnet50", "resnet50_v1_5", sort="macs")
    >>> found.loc[0, ["macs_a", "macs_b"]].tolist(), len(found.query("mark == '~'"))
    ([3857973248, 4089184256], 12)
    """
    return diff_table(_cost_of(a), _cost_of(b), depth=depth, sort=sort, is_full=True).to_frame()


def _cost_of(network: nn.Module | str | ModelCost) -> ModelCost:
    return network if isinstance(network, ModelCost) else count(network)


def fit(name: str, memory: str | int, *, training: TrainingSetting | None = None, **how: Any) -> BatchFit:
    """The largest batch of a named network that takes no more than an amount of memory at once.

    Args:
        name: The network.
        memory: The amount, as ``"16GiB"`` or in bytes.
        training: How a training step is to be made; ``None``: the forward pass at inference.
        how: How the network is counted, as :func:`archstat.count` takes it by name: ``resolution=448``.

    Raises:
        ArchstatError: The name leads nowhere, the network cannot run, the memory is none, or there is no end to the
            batch.

    >>> fit("resnet18", "1GiB").batch_size
    146
    """
    setting = _setting_of(how)
    limit = parse_limit(f"{memory}B" if isinstance(memory, int) else memory)
    return fit_source(name, setting, limit, training)


def scale(
    name: str, over: Over = "resolution", sizes: Sequence[int] = (), *, setting: Setting | None = None
) -> Scaling:
    """How the cost of a named network grows: its totals at many sizes, and the exact law where there is one.

    Args:
        name: The network.
        over: What varies: ``"resolution"``, the side of an image; ``"batch"``, the inputs at once; ``"sequence"``, the
            first axis of each input.
        sizes: Where to count; none: where it makes sense for its input.
        setting: The input of the network, and all else that stays the same.

    Raises:
        ArchstatError: The name leads nowhere, or the network takes none of the sizes.

    >>> macs = scale("resnet18").growths[0]
    >>> [str(each) for each in macs.coefficients], macs.period
    (['512000', '0', '36144'], 32)
    """
    return scaling_of(named_network(name), over, setting or Setting(), tuple(sizes))


def reconcile(model: nn.Module | str, *inputs: Any, **kwargs: Any) -> dict[str, Tally]:
    """What a network comes to by each convention of papers and tools, and what makes the difference from our number.

    Args:
        model: A network, or the name of one.
        inputs: What the network's ``forward`` takes.
        kwargs: What the network's ``forward`` takes by name.

    Returns:
        By the name of the convention; ``archstat reconcile`` lists and explains them.

    Raises:
        ForwardError: The network's own ``forward`` raised; its error is the cause.
        SourceError: A name leads to no network, or what was handed over is none.
        InputError: A name was given without inputs, and none are known for it.

    >>> tallies = reconcile("resnet50_v1_5")
    >>> tallies["conv+linear"].number, tallies["fvcore"].number
    (4089184256, 4111512576)
    """
    network = analyse_model(model, *inputs, **kwargs)
    return {name: network.tally(name) for name in CONVENTIONS}


def identify(name: str, number: str, *, is_thorough: bool = False, **how: Any) -> Identification:
    """Where a printed number of a network comes from: which way to count, input, variant or element type prints so.

    Args:
        name: The network.
        number: The number as printed: ``"4.11G"``, ``"0.85 GMac"``, ``"25.6M params"``, ``"97.8 MB"``.
        is_thorough: Go on where an answer was found.
        how: How the network is counted, as :func:`archstat.count` takes it by name, where the text says so.

    Returns:
        The answers, the likeliest first, and how many of them chance would give; ``origins`` is empty where nothing
        prints so, and ``nearest`` has what comes nearest.

    Raises:
        ArchstatError: The number is none, the name leads nowhere, or the network cannot run.

    >>> found = identify("resnet50", "4.11 GFLOPs")
    >>> found.origins[0].network, found.origins[0].what[0], int(found.origins[0].value)
    ('resnet50_v1_5', 'by fvcore, in MACs', 4111512576)
    """
    said = asked(number)
    return identify_number(name, said, analyse, _setting_of(how), is_thorough=is_thorough)


def _setting_of(how: dict[str, Any]) -> Setting:
    setting = setting_by_name(how)
    if setting is None:
        raise InputError(f"There is no setting {' or '.join(map(quoted, how))}: name one as 'batch_size' or 'input'.")
    return setting


def check(*files: str | PathLike[str], trusts_files: bool = False) -> list[Finding]:
    """What the claims of some files come to, in their order.

    Args:
        files: Claims and budgets in TOML.
        trusts_files: Follow the names of code in them, which runs it.

    Raises:
        DataError: A file does not hold together, or a claim cannot be worked out.
        SourceError: A file names code, and is not trusted.
    """
    paths = [Path(file) for file in files]
    return check_files(paths, analyse, Trust.of(paths) if trusts_files else NOTHING)


def load_cost(file: str | PathLike[str]) -> ModelCost:
    """The cost that a file holds: what :func:`save_cost` wrote, or ``archstat table`` in JSON.

    Raises:
        DataError: The file cannot be read, or holds something else.
    """
    return read_cost(Path(file))


def save_cost(cost: ModelCost, file: str | PathLike[str]) -> None:
    """Write a cost as JSON, whole or not at all; every command takes the file for a network.

    Raises:
        OutputError: The file cannot be written there.
    """
    write_whole(Path(file), cost_to_json(cost) + "\n")
