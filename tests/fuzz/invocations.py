"""Seeded command lines, right, wrong and absurd; nothing in them takes long or leaves the folder that it is run in."""

from __future__ import annotations

import random

import click

from archstat.cli._commands import COMMANDS

NAMES = [
    *(
        "lenet5",
        "lenet5_modern",
        "vgg17",
        "LENET5",
        "lenet5()",
        "lenet5(x=1)",
        "lenet5(",
        "?net*",
        "lenet*",
        "[a-",
        "",
        " ",
    ),
    *(
        "os:system('true')",
        "net.py:Net",
        "net.py:Net(width=-1)",
        "net.py:Nothing",
        "net.py:os.system('true')",
        ":",
        "::",
    ),
    *(
        "cost.json",
        "measured.json",
        "missing.json",
        "broken.json",
        ".",
        "/",
        "/dev/null",
        "/dev/zero",
        "a\nb",
        "\x1b[2J",
    ),
    *(
        "é" * 300,
        "x" * 5000,
        "n\udce9t",
        "--",
        "-",
        "\u202ename",
        "torch.nn:Linear(4, 4)",
        "torch.nn:Linear",
        "%s%n",
        "{0}",
    ),
]
NUMBERS = ["0", "1", "-1", "2", "8", "999999999", "1e9", "nan", "inf", "", "x", "1" * 400, "٣", "0x10", "1_000", " 1 "]
SHAPES = [
    "1x32x32",
    "32",
    "0",
    "x",
    "1x",
    "x1",
    "1x32x32:int64",
    "4:nothing",
    "999999999x999999999",
    "1x" * 200 + "1",
    "-1x3",
]
SIZES = ["32,64", "32", "0", ",", "a,b", "1," * 500 + "1", "999999999"]
FORMATS = ["text", "markdown", "csv", "json", "latex", "html", "junit", "github", "xml", ""]
PLACES = ["out", "missing/out", ".", "/dev/null", "/dev/full", "loop", "x" * 300, "a\x01b", "out\udce9", ""]
FILES = [
    "claims.toml",
    "broken.toml",
    "cost.json",
    "missing.toml",
    ".",
    "/dev/zero",
    "loop",
    "a\x01b",
    "net.py",
    "sheet.md",
]
WORDS = [
    "layer",
    "op",
    "stage",
    "macs",
    "imagenet",
    "2015",
    "2012-2015",
    "-",
    "sgd",
    "adam",
    "float32",
    "bfloat16",
    "fvcore",
]
PRINTED = ["325,680", "60k params", "0.65 MFLOPs", "241 kB", "0", "", "x", "1e99", "9" * 300, "-3", "4.1\x1b[2JG", "½"]
OPTIONS = {
    "--format": FORMATS,
    "--output": PLACES,
    "--input": SHAPES,
    "--resolution": NUMBERS,
    "--batch-size": NUMBERS,
    "--dtype": WORDS,
    "--sort": WORDS,
    "--by": WORDS,
    "--depth": NUMBERS,
    "--convention": WORDS,
    "--sizes": SIZES,
    "--over": ["resolution", "batch", "sequence", "x"],
    "--limit": NUMBERS,
    "--fit": ["16GiB", "1B", "0", "x", "1" + ",000" * 3000, "1e99GB", "-1GiB", "999999999TiB"],
    "--year": WORDS,
    "--task": WORDS,
    "--charts": ["layers", "x", ",", "accuracy,top1", ""],
    "--evaluation": WORDS,
    "--measured": FILES,
    "--peaks": ["1e12,1e11", "x", "0,0", "nan,nan", "cost.json", "1e308,1e308", ","],
    "--timeout": NUMBERS,
    "--title": NAMES,
    "--hide": ["parameters", "output,flops", "receptive_field,macs", "", ",", "macs,macs", "x" * 500, "\x1b[2J"],
    "--cells": NUMBERS,
    "--rows": NUMBERS,
    "--seed": NUMBERS,
    "--solution": PLACES,
}
FLAGS = ["--strict", "--exact", "--explain", "--training", "--memory", "--amp", "--only-changes", "--only-unexpected"]
FLAGS += ["--trust", "--help", "--nonsense", "--cdn"]
TAKES = {
    "list": NAMES,
    "table": NAMES,
    "training": NAMES,
    "roofline lenet5": FILES,
    "explain": NAMES,
    "compare": NAMES,
    "diff": NAMES,
    "reconcile": NAMES,
    "identify lenet5": PRINTED,
    "memory": NAMES,
    "scale": NAMES,
    "report": NAMES,
    "report build": [*FILES, "folder"],
    "check": FILES,
    "quiz": NAMES,
    "measure --dry-run": NAMES,
}


HOW_MANY = {"list": 1, "diff": 2, "compare": 2, "report": 2, "check": 2}
GOOD = ["lenet5", "net.py:Net", "cost.json", "lenet5_modern", "claims.toml", "sheet.md"]
"""Half of all command lines are nearly right, or none would come far."""


def invocation(seed: int) -> list[str]:
    """One command line."""
    draw = random.Random(seed)  # noqa: S311 - what is needed is the same again
    command = draw.choice([*TAKES, "check", "table"])
    fitting = [each for each in GOOD if each in TAKES[command]]
    number = HOW_MANY.get(command, 1) if draw.random() < 0.9 else draw.randrange(4)
    arguments = command.split()
    arguments += [draw.choice(fitting if fitting and draw.random() < 0.6 else TAKES[command]) for _ in range(number)]
    own = _options_of(command)
    for _ in range(draw.choice([0, 0, 1, 1, 2, 3])):
        option = draw.choice(own if draw.random() < 0.9 else [*OPTIONS, *FLAGS])
        values = OPTIONS.get(option, [])
        arguments += [option, draw.choice(values[:3] if draw.random() < 0.5 else values)] if values else [option]
    return arguments if draw.random() < 0.97 else draw.choice([arguments[1:], [draw.choice(NAMES)], []])


def _options_of(command: str) -> list[str]:
    """The options of a command that have values to draw from, or take none."""
    words = command.split()
    found = COMMANDS.get(words[0])
    if isinstance(found, click.Group):
        found = found.commands[words[1] if len(words) > 1 else "page"]
    names = {option for parameter in found.params for option in parameter.opts}
    return sorted(names & {*OPTIONS, *FLAGS}) or ["--help"]
