"""What was read while a network was made, and what must not be kept: each in a process of its own, without torch."""

import hashlib
import json
import os
import subprocess
import sys
import zlib

import pytest

ASK = """
import importlib.util, sys
from pathlib import Path
from archstat.analysis.kept import Answers
from archstat.files.cache import Cache
from archstat.networks.settings import Setting

name = sys.argv[2]

def work_out():
    print("worked out")
    place = name.partition(":")[0]
    sys.path.insert(0, str(Path(place).parent))
    try:
        spec = importlib.util.spec_from_file_location(Path(place).stem, place)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module.made()
    finally:
        del sys.path[0]

answer = Answers(Cache(Path(sys.argv[1]))).answer("cost", int, work_out, name, Setting())
print(f"answer {answer}", file=sys.__stdout__)
"""


class Asker:
    """A folder with a network in it, that is asked for again and again."""

    def __init__(self, folder):
        self.folder = folder
        self.cache = folder.parent / "cache"
        folder.mkdir()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def ask(self, name="./net.py:made", folder=None, cache="cache", **variables):
        """What the answer is, and whether it had to be worked out."""
        command = [sys.executable, "-c", ASK, str(self.cache.with_name(cache)), name]
        environment = {**os.environ, **variables}
        ended = subprocess.run(
            command, cwd=folder or self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return int(ended.stdout.split()[-1]), "worked out" in ended.stderr


@pytest.fixture
def asker(tmp_path):
    asker = Asker(tmp_path / "work")
    asker.write("net.py", "def made():\n    return 1\n")
    return asker


def test_a_second_look_works_nothing_out(asker):
    assert asker.ask() == (1, True)
    assert asker.ask() == (1, False)


# -- each ingredient: the first answer, what changes, the second one ---------------------------------------------------

READS = {
    "a module that takes its own place": (
        "import odd\ndef made():\n    return odd.n\n",
        {"odd.py": "import sys\nclass M:\n    n = 1\nsys.modules[__name__] = M()\n"},
        {"odd.py": "import sys\nclass M:\n    n = 2\nsys.modules[__name__] = M()\n"},
    ),
    "a module that nobody keeps": (
        "import sys\nimport odd\nN = odd.n\ndel sys.modules['odd']\ndef made():\n    return N\n",
        {"odd.py": "n = 1\n"},
        {"odd.py": "n = 2\n"},
    ),
    "its source": ("def made():\n    return 1\n", {}, {"net.py": "def made():\n    return 2\n"}),
    "a module beside it": (
        "import blocks\ndef made():\n    return blocks.N\n",
        {"blocks.py": "N = 1\n"},
        {"blocks.py": "N = 2\n"},
    ),
    "a module of a package": (
        "from parts.deep import N\ndef made():\n    return N\n",
        {"parts/__init__.py": "", "parts/deep.py": "N = 1\n"},
        {"parts/deep.py": "N = 2\n"},
    ),
    "a module that now comes first": (
        "try:\n    import other\nexcept ImportError:\n    other = None\ndef made():\n    return 2 if other else 1\n",
        {},
        {"other.py": ""},
    ),
    "a file of JSON": (
        "import json\ndef made():\n    return json.load(open('c.json'))['n']\n",
        {"c.json": '{"n": 1}'},
        {"c.json": '{"n": 2}'},
    ),
    "a file that a path opens": (
        "from pathlib import Path\nN = Path(__file__).with_name('n.yaml').read_text()\ndef made():\n    return int(N)",
        {"n.yaml": "1"},
        {"n.yaml": "2"},
    ),
    "a file that was not there": (
        "def made():\n    try:\n        return int(open('n').read())\n    except OSError:\n        return 1\n",
        {},
        {"n": "2"},
    ),
    "the names in a folder": (
        "import os\ndef made():\n    return len([n for n in os.listdir('.') if n.endswith('.n')])\n",
        {"a.n": ""},
        {"b.n": ""},
    ),
    "a module that a function imports": (
        "def made():\n    from late import N\n    return N\n",
        {"late.py": "N = 1\n"},
        {"late.py": "N = 2\n"},
    ),
}


@pytest.mark.parametrize(("source", "before", "after"), READS.values(), ids=READS)
@pytest.mark.sampled(12)
def test_a_change_of_what_was_read_is_a_miss(asker, source, before, after):
    asker.write("net.py", source)
    for name, text in before.items():
        asker.write(name, text)
    times = {path: path.stat() for path in asker.folder.rglob("*") if path.is_file()}
    compiled = {"PYTHONDONTWRITEBYTECODE": ""}  # so that a source is looked at, and not opened
    asker.ask(cache="elsewhere", **compiled)
    assert asker.ask(**compiled) == (1, True)
    assert asker.ask(**compiled) == (1, False)
    for name, text in after.items():
        asker.write(name, text)
    for path, status in times.items():  # a time that lies must not help
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert asker.ask(PYTHONDONTWRITEBYTECODE="1", PYTHONPYCACHEPREFIX=str(asker.cache / "new")) == (2, True)


VARIABLES = {
    "by name": "import os\ndef made():\n    return int(os.environ['N'])\n",
    "by getenv": "from os import getenv\ndef made():\n    return int(getenv('N', '1'))\n",
    "whether it is set": "import os\ndef made():\n    return 2 if os.environ.get('N') == '2' else 1\n",
}


@pytest.mark.parametrize("source", VARIABLES.values(), ids=VARIABLES)
def test_a_change_of_a_variable_that_was_read_is_a_miss(asker, source):
    asker.write("net.py", source)
    assert asker.ask(N="1") == (1, True)
    assert asker.ask(N="1", UNREAD="3") == (1, False)
    assert asker.ask(N="2") == (2, True)


def test_a_secret_in_a_variable_is_not_written_down(asker):
    asker.write("net.py", "import os\ndef made():\n    return len(os.environ['TOKEN'])\n")
    asker.ask(TOKEN="not-for-the-disk")  # noqa: S106 - what must not be found again
    [entry] = asker.cache.rglob("*.entry")
    told = zlib.decompress(entry.read_bytes()[16:])
    assert b"TOKEN" in told
    assert b"not-for-the-disk" not in told


def test_a_file_that_an_argument_names_is_read(asker):
    asker.write("net.py", "def made():\n    return 1\n")
    asker.write("weights.bin", "1")
    name = "./net.py:made('weights.bin')"
    assert asker.ask(name) == (1, True)
    assert asker.ask(name) == (1, False)
    asker.write("weights.bin", "2")
    assert asker.ask(name) == (1, True)


def test_a_folder_that_an_argument_names_is_listed(asker):
    asker.write("weights/a.bin", "1")
    name = "./net.py:made('weights')"
    assert asker.ask(name) == (1, True)
    assert asker.ask(name) == (1, False)
    asker.write("weights/b.bin", "2")
    assert asker.ask(name) == (1, True)


def test_another_folder_is_another_network(asker):
    assert asker.ask() == (1, True)
    other = asker.folder.parent / "other"
    other.mkdir()
    (other / "net.py").write_text("def made():\n    return 5\n")
    assert asker.ask(folder=other) == (5, True)


def installed(folder, version):
    """A package in a folder of installed ones."""
    for old in folder.glob("pack-*"):
        (old / "METADATA").unlink()
        old.rmdir()
    info = folder / f"pack-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Name: pack\nVersion: {version}\n")
    (folder / "pack.py").write_text(f"N = {version}\n")


def test_another_version_of_an_installed_package_is_a_miss(asker):
    site = asker.folder.parent / "lib" / "site-packages"
    installed(site, 1)
    asker.write("net.py", "import pack\ndef made():\n    return pack.N\n")
    assert asker.ask(PYTHONPATH=str(site)) == (1, True)
    assert asker.ask(PYTHONPATH=str(site)) == (1, False)
    installed(site, 2)
    assert asker.ask(PYTHONPATH=str(site), PYTHONPYCACHEPREFIX=str(asker.cache / "new")) == (2, True)


# -- what cannot be seen -----------------------------------------------------------------------------------------------

UNSEEN = {
    "the clock": "import time\ndef made():\n    return int(time.time()) and 1\n",
    "the clock by another name": "from time import time as seconds\ndef made():\n    return int(seconds()) and 1\n",
    "the date": "import datetime\ndef made():\n    return datetime.datetime.now().year and 1\n",
    "chance": "import random\ndef made():\n    return random.randint(1, 1)\n",
    "chance of the system": "import os\ndef made():\n    return len(os.urandom(1))\n",
    "the machine": "import os\ndef made():\n    return min(1, os.cpu_count())\n",
    "the arguments": "import sys\ndef made():\n    return min(1, len(sys.argv))\n",
    "whether a file is there": "from pathlib import Path\ndef made():\n    return 1 + Path('x').exists()\n",
    "a program": "import subprocess, sys\ndef made():\n    return 1 + subprocess.call([sys.executable, '-c', ''])\n",
    "the network": (
        "import socket\ndef made():\n    try:\n        socket.create_connection(('127.0.0.1', 9), 0.1)\n"
        "    except OSError:\n        pass\n    return 1\n"
    ),
    "the machine by a file": "def made():\n    return len(open('/proc/meminfo').read()[:1])\n",
    "the whole environment": "import os\ndef made():\n    return min(1, len(dict(os.environ)))\n",
    "standard input": "def made():\n    try:\n        return int(input())\n    except EOFError:\n        return 1\n",
    "a file that it writes too": (
        "def made():\n    with open('n', 'a+') as file:\n        file.write('1')\n    return 1\n"
    ),
    "a module beside it does": "import clock\ndef made():\n    return clock.one()\n",
}


@pytest.mark.parametrize("source", UNSEEN.values(), ids=UNSEEN)
@pytest.mark.sampled(9)
def test_what_reads_what_cannot_be_seen_is_not_kept(asker, source):
    asker.write("net.py", source)
    asker.write("clock.py", "import time\ndef one():\n    return 1 if time.time() else 0\n")
    assert asker.ask() == (1, True)
    assert asker.ask() == (1, True)


UNSEEN |= {
    "chance by its name alone": "from random import randint\ndef made():\n    return randint(1, 1)\n",
    "chance by another name": "import random as r\ndef made():\n    return r.randint(1, 1)\n",
    "chance of numpy": "from numpy.random import choice\ndef made():\n    return int(choice([1]))\n",
    "the clock in words": "from time import strftime\ndef made():\n    return 1 if strftime('%Y') else 2\n",
    "another clock": "from timeit import default_timer\ndef made():\n    return int(default_timer() > 0)\n",
    "a form of names": "import glob\ndef made():\n    return 1 + len(glob.glob('x/*.yaml'))\n",
    "a form of names of a path": (
        "from pathlib import Path\ndef made():\n    return 1 + len(list(Path('x').glob('*')))\n"
    ),
    "where a link leads": "from pathlib import Path\ndef made():\n    return len(Path('x').resolve().name)\n",
    "whether a program is there": "import shutil\ndef made():\n    return 1 if shutil.which('sh') else 1\n",
    "what is done elsewhere than as a program": (
        "import os\nif __name__ == '__main__':\n    N = 5\nelse:\n    N = 1 + os.path.exists('x')\n"
        "def made():\n    return N\n"
    ),
    "what only looks like a program's part": (
        "import os\ndef made():\n    if type(1).__name__ == 'int' and os.path.exists('x'):\n"
        "        return 2\n    return 1\n"
    ),
}

HARMLESS = {
    "an argument that is called as a clock": "def made(time=None, random=3):\n    return 1 if time is None else time\n",
    "chance of another module": (
        "class torch:\n    class random:\n        seed = 1\ndef made():\n    return torch.random.seed\n"
    ),
    "what is imported and not used": "import time, random\ndef made():\n    return 1\n",
    "a program's own part": (
        "import time\ndef made():\n    return 1\nif __name__ == '__main__':\n    print(time.time())\n"
    ),
    "an attribute of its own": (
        "class A:\n    def __init__(self):\n        self.time = 1\ndef made():\n    return 1 if A() else 2\n"
    ),
    "a file that is gone again": (
        "import tempfile\ndef made():\n    with tempfile.NamedTemporaryFile('w+') as file:\n"
        "        file.write('x')\n    return 1\n"
    ),
}


@pytest.mark.parametrize("source", HARMLESS.values(), ids=HARMLESS)
@pytest.mark.sampled(3)
def test_what_only_looks_like_that_is_kept(asker, source):
    asker.write("net.py", source)
    assert asker.ask() == (1, True)
    assert asker.ask() == (1, False)


@pytest.mark.parametrize("before", ["./other.py:made", "./net.py:made()"])
def test_a_network_is_not_kept_after_code_of_another_ran_in_the_same_process(asker, before):
    asker.write("net.py", "def made():\n    return 1\n")
    asker.write("other.py", "def made():\n    return 2\n")
    script = (
        ASK.replace("name = sys.argv[2]", f"name = {before!r}")
        + ASK.partition("answer = ")[0].partition("from archstat.networks.settings import Setting")[2]
        + "answer = "
        + ASK.partition("answer = ")[2]
    )
    command = [sys.executable, "-c", script, str(asker.cache), "./net.py:made"]
    for _ in range(2):
        ended = subprocess.run(command, cwd=asker.folder, capture_output=True, text=True, check=True)
        assert ended.stdout.split()[-1] == "1"
    assert len(list(asker.cache.rglob("*.entry"))) == 2, "the second run reads the first, and so runs one alone"


def test_an_entry_of_something_else_is_a_miss(asker):
    asker.ask()
    [entry] = asker.cache.rglob("*.entry")
    for content in (b"", b"[]", b"{}", b'{"ingredients": {}, "answer": "no number"}', b"\xff"):
        packed = zlib.compress(content)
        entry.write_bytes(hashlib.blake2b(packed, digest_size=16).digest() + packed)
        assert asker.ask() == (1, True)
    assert asker.ask() == (1, False)


def test_the_json_of_an_entry_has_no_more_than_it_needs(asker):
    asker.ask()
    [entry] = asker.cache.rglob("*.entry")
    assert json.loads(zlib.decompress(entry.read_bytes()[16:]))["answer"] == 1
