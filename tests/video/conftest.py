"""What the tests of videos share."""

import re


def assert_refused(command, folder, words, status, sentence):
    """A command line with a mistake ends in one line, before anything is written."""
    done = command("--output_dir=wrong", *words, cwd=folder)
    assert done.returncode == status
    assert re.fullmatch(r"nst_main\.py: .+\n", done.stderr), done.stderr
    assert sentence in done.stderr
    assert not (folder / "wrong").exists()
