"""Folders of reports for tests."""

import functools
import textwrap

from archstat.analysis.inference import analyse

counted = functools.cache(analyse)

CLAIMS = """
title = "A lecture"

[[claim]]
id = "parameters"
text = "about 60 thousand parameters"
source = "slide 3"
architecture = "lenet5"
quantity = "parameters"
stated = "60,000"

[[claim]]
id = "conv"
text = "156 parameters"
source = "slide 4"
expression = "(5*5*1 + 1)*6"
stated = "156"

[[claim]]
id = "slide"
text = "Total: 358M ops"
source = "slide 55"
architecture = "inception_module_bottleneck"
quantity = "macs"
stated = "358M"
expect = "slip"

[claim.slip]
expression = "28*28*(128*256 + 64*256 + 64*256 + 192*9*128 + 96*25*64 + 64*256)"
why = "the 3×3 reads 128 channels instead of 64"

[[undecided]]
id = "error"
text = "11.7"
source = "slide 2"
why = "a published error"
"""
REPORT = 'title = "A report"\nsummary = "What a lecture says."\nnetworks = ["lenet5"]\n'


def report(folder, *, contents=REPORT, text="Nothing.", claims=CLAIMS):
    """A folder with a report."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("report.toml", contents), ("text.md", text), ("claims.toml", claims)):
        if content is not None:
            (folder / name).write_text(textwrap.dedent(content), encoding="utf-8")
    return folder
