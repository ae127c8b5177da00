"""A directive with what every command prints for ``--help``, asked of the program while the manual is built."""

from collections.abc import Iterator

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from archstat.cli import cli
from archstat.cli._commands import COMMANDS

WIDTH = 88


def commands(command: click.Command, parent: click.Context | None = None) -> Iterator[click.Context]:
    """A command and all under it, each in the context that names it: ``archstat report build``."""
    name = "archstat" if parent is None else command.name
    settings = command.context_settings | {"terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(command, parent, info_name=name, **settings)
    yield context
    if isinstance(command, click.Group):
        for under in command.list_commands(context):
            found = command.get_command(context, under)
            if found is not None and not found.hidden:
                yield from commands(found, context)


class CommandHelp(SphinxDirective):
    """A section for each command."""

    def run(self) -> list[nodes.Node]:
        """The sections, in the order of ``archstat --help``.

        Raises:
            ExtensionError: A command would be missing.
        """
        sections = [self._section(context) for context in commands(cli)]
        missing = {f"archstat {name}" for name in COMMANDS} - {section["names"][0] for section in sections}
        if missing:
            raise ExtensionError(f"The manual lacks {', '.join(sorted(missing))}.")
        return sections

    def _section(self, context: click.Context) -> nodes.section:
        path = context.command_path
        section = nodes.section(ids=[nodes.make_id(path)], names=[path])
        section += nodes.title("", path)
        text = f"$ {path} --help\n{context.command.get_help(context)}"
        section += nodes.literal_block(text, text, language="console")
        self.state.document.note_implicit_target(section, section)
        return section


def setup(app: Sphinx) -> dict[str, bool]:
    """Enter the directive ``command-help``."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True}
