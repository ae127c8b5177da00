"""Which option sets what would help against a failure: the library names settings, a user types options."""

from __future__ import annotations

from archstat.errors import ArchstatError, Helps

OPTIONS: dict[Helps, str] = {
    "batch_size": "--batch-size",
    "batch_sizes": "archstat measure --batch-size",
    "device": "--device",
    "energy": "archstat measure --energy",
    "inputs": "--input",
    "layers": "archstat measure --layers",
    "measured": "--measured",
    "max_s": "--max-time",
    "over": "--over",
    "precision": "--dtype",
    "resolution": "--resolution",
    "sequence": "--sequence",
    "source": "archstat list --source",
    "sizes": "--sizes",
    "threads": "--threads",
    "trusts_files": "--trust",
}
"""What the library names → what a user types, without its value; with the command, where only another one has it."""


def with_options(error: ArchstatError) -> str:
    """What an error says, and the options that would help.

    >>> with_options(ArchstatError("Give its sizes.", helps={"inputs": "3x224x224"}))
    "Give its sizes ('--input 3x224x224')."
    >>> with_options(ArchstatError("Give one of them.", helps={"inputs": "", "resolution": ""}))
    "Give one of them ('--input', '--resolution')."
    """
    typed = [f"'{f'{OPTIONS[key]} {value}'.rstrip()}'" for key, value in error.helps.items()]
    return f"{str(error).removesuffix('.')} ({', '.join(typed)})." if typed else str(error)
