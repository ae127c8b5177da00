"""Packages as an installer leaves them: a folder on the path, with the metadata that names their rules."""

import msgspec


def put_metadata(place, package, points):
    """Say in a folder that a package is installed, and under which entry points it names rules."""
    info = place / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[archstat.rules]", *lines, ""]))


def install(place, package, value, text=None):
    """A package of one module, and an entry point that names that or something in it."""
    put_metadata(place, package, {"costs": value})
    if text is not None:
        (place / f"{value.partition(':')[0]}.py").write_text(text)


def install_project(place, folder):
    """What installing a project leaves beside its modules, by what its ``pyproject.toml`` says."""
    project = msgspec.toml.decode((folder / "pyproject.toml").read_bytes())["project"]
    put_metadata(place, project["name"], project["entry-points"]["archstat.rules"])
