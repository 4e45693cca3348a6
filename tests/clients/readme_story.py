"""What README tells people to paste works: its first command, and its PyIceberg and DuckDB snippets, against a server started that way."""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess

import pytest

from frazil_server import ROOT, Server

README = (ROOT / "README.md").read_text(encoding="utf-8")


def snippet(title, language=""):
    """The code block under a heading."""
    found = re.search(rf"^##+ {re.escape(title)}\n.*?^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert found, f"README has no {language} snippet under '{title}'"
    return found[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Started by README's very command, in the folder where README has it, but for its port."""
    if "{port}" in os.environ.get("FRAZIL_SERVER", ""):
        pytest.skip("another server is in Frazil's place")
    data = ROOT / "frazil-data"
    if data.exists():
        pytest.skip(f"{data} holds somebody's tables")
    command = shlex.split(snippet("Start in five minutes"))
    assert command[:2] == ["dotnet", "run"], command
    running = Server(tmp_path_factory.mktemp("readme") / "unused")
    running.command = command
    running.folder = ROOT
    os.environ["FRAZIL__PORT"] = str(running.port)
    try:
        # It builds first, on a machine that may have much to do.
        running.start(limit=240)
        yield running
    finally:
        os.environ.pop("FRAZIL__PORT")
        running.stop()
        shutil.rmtree(data, ignore_errors=True)


def test_data_goes_below_the_current_folder(server):
    assert (ROOT / "frazil-data" / "frazil.sqlite").is_file()
    assert (ROOT / "frazil-data" / "warehouse").is_dir()
    assert not (ROOT / "functions" / "Local" / "frazil-data").exists()


def here(text, server):
    return text.replace("http://127.0.0.1:8181", server.url)


def test_the_pyiceberg_snippet_prints_the_rows_it_wrote(server):
    pytest.importorskip("pyiceberg")
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(here(snippet("PyIceberg", "python"), server), "README.md", "exec"), {})
    assert output.getvalue().strip() == "{'id': [2, 3], 'name': ['b', 'c']}"


def test_the_duckdb_snippet_selects_the_rows_it_wrote(server):
    pytest.importorskip("duckdb")
    from duckdb_story import bare_connection

    connection = bare_connection()
    result = None
    for statement in here(snippet("DuckDB", "sql"), server).split(";"):
        # The extensions are there already: installing asks a host that tests must not need.
        if statement.strip() and not re.match(r"\s*(INSTALL|LOAD)\b", statement):
            result = connection.execute(statement)
    assert result.fetchall() == [(1, "ice"), (2, "snow")]


def test_the_help_that_readme_names_lists_the_options(server):
    command = re.search(r"\(`(dotnet run --project \S+ -- serve --help)`\)", README)
    assert command, "README names no command for help"
    words = shlex.split(command[1])
    words[4:4] = ["--no-build"]  # the server's command has built it
    shown = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0 and "--allow-location" in shown.stdout, shown
