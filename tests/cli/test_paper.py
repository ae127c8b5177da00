"""``archstat paper``: a folder of LaTeX."""

from tests.cli.test_main import MEASURED

FILES = ["macros.tex", "methods.tex", "table.tex"]


def test_a_folder_gets_the_three_files_and_the_same_again(archstat, tmp_path):
    line = ["paper", "alexnet", "vgg16", MEASURED, "--columns", "params,macs,top1,latency", "--output", tmp_path / "a"]
    assert archstat(*line) == (0, "", f"Wrote {tmp_path / 'a'}\n")
    texts = {path.name: path.read_text() for path in (tmp_path / "a").iterdir()}
    assert sorted(texts) == FILES
    assert all(
        text.startswith("% Made by archstat 0.1.0, and written anew by it: archstat paper") for text in texts.values()
    )
    assert r"\archstat@number{alexnet.macs}{\num{724.4}\,M}{\num{724406816}}" in texts["macros.tex"]
    assert r"AlexNet & 60.97{\,M} & 724.4{\,M} & 54.61 & 20.95{\,ms}" in texts["table.tex"]
    assert "Zagoruyko, 2016" in texts["table.tex"]
    assert archstat(*line).code == 0
    assert {path.name: path.read_text() for path in (tmp_path / "a").iterdir()} == texts


def test_a_file_that_somebody_else_wrote_is_kept(fails, tmp_path):
    (tmp_path / "macros.tex").write_text("\\newcommand{\\mine}{1}\n")
    said = fails("paper", "lenet5", "--output", tmp_path)
    assert said.endswith("macros.tex was not made by archstat: move it away first, or its text would be lost.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["macros.tex"]


def test_an_accuracy_of_ones_own_has_its_source_in_the_notes(archstat):
    code, out, _ = archstat("paper", "lenet5", "--columns", "top1", "--accuracy", "lenet5=99.05,my thesis")
    assert code == 0
    assert r"\archstat@number{lenet5.top1}{\qty{99.05}{\percent}}{\qty{99.05}{\percent}}" in out
    assert "Accuracy of LeNet-5: my thesis." in out


def test_wrong_use_is_refused(fails, archstat, tmp_path):
    assert "No column is named 'speed'" in fails("paper", "lenet5", "--columns", "speed")
    assert "Name a column" in fails("paper", "lenet5", "--columns", ",")
    (tmp_path / "file").write_text("")
    assert "cannot be made: File exists" in fails("paper", "lenet5", "--output", tmp_path / "file")
    code, out, err = archstat("paper")
    assert (code, out) == (2, "")
    assert "Missing argument 'NAME|RESULT.json...'" in err
