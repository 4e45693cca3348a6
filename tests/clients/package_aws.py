#!/usr/bin/env python3
"""What `pulumi up` deploys to Lambda: builds it, looks into the zip, and asks the function from the zip.

    package_aws.py         for the managed runtime, since that builds anywhere
    package_aws.py --rie   the native binary where it can be built, else as above: under AWS' own emulator it tells the story of all hosts, starts, dies and runs out of time
"""

import os
import platform
import re
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from frazil_server import ROOT
from lambda_server import LambdaServer

LIMIT = 50 * 1024 * 1024  # Lambda's, for a zip that is uploaded


def lock_files():
    return {path: path.read_bytes() for folder in ("functions", "shared") for path in (ROOT / folder).glob("*/packages.lock.json")}


def build(out, *kind, or_else=None):
    """Runs the script as the guide does."""
    arguments = [*kind, "--arch", "arm64" if platform.machine() == "aarch64" else "x86_64", "--out", str(out)]
    if os.environ.get("FRAZIL_EXTRA_PACKAGES"):
        arguments.append("--for-tests")
    run = subprocess.run([str(ROOT / "infra" / "package"), "aws", *arguments], capture_output=True, text=True)
    if run.returncode == 0:
        return Path(run.stdout.splitlines()[-2])
    if or_else is not None:
        print(f"no native binary: {(run.stderr or run.stdout).strip().splitlines()[-1]}")
        return or_else()
    raise SystemExit(f"FAILED: infra/package {' '.join(arguments)}\n{run.stdout}{run.stderr}\n0 passed, 1 failed, 0 skipped")


def unzip(package, folder):
    """The function in the zip: what is started."""
    with zipfile.ZipFile(package) as entries:
        entries.extractall(folder)
    bootstrap = folder / "bootstrap"
    if bootstrap.exists():
        bootstrap.chmod(0o755)
    return bootstrap if bootstrap.exists() else folder / "Frazil.Lambda.dll"


def rie():
    """The tests of Lambda that AWS' emulator is needed for, on what is deployed."""
    with tempfile.TemporaryDirectory(prefix="frazil-package-") as folder:
        out = Path(folder) / "out"
        function = unzip(build(out, or_else=lambda: build(out, "--managed")), Path(folder) / "function")
        print(f"{function.name}: {function.stat().st_size} bytes")
        run = subprocess.run(["dotnet", "test", os.environ["FRAZIL_LAMBDA_TESTS"], "--filter", "Needs=rie"],
                             env={**os.environ, "FRAZIL_LAMBDA": str(function)}, capture_output=True, text=True)
    counts = re.search(r"Failed: +(\d+), Passed: +(\d+), Skipped: +(\d+)", run.stdout)
    if run.returncode != 0 or counts is None:
        print(run.stdout + run.stderr)
    failed, passed, skipped = (int(count) for count in counts.groups()) if counts else (1, 0, 0)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def look(package):
    """What is wrong with the zip."""
    problems = []
    with zipfile.ZipFile(package) as entries:
        names = entries.namelist()
        problems += [f"{name} is not there" for name in ("Frazil.Lambda.dll", "Frazil.Lambda.runtimeconfig.json", "Frazil.Lambda.deps.json") if name not in names]
        problems += [f"{name} is of no use there" for name in names if name.endswith((".pdb", ".xml", ".dbg")) or "lock" in name or "appsettings" in name.lower()]
        for entry in entries.infolist():
            content = entries.read(entry)
            if entry.date_time != (1980, 1, 1, 0, 0, 0):
                problems.append(f"{entry.filename} has the time {entry.date_time}")
            if str(ROOT).encode() in content or str(ROOT).encode("utf-16-le") in content:
                problems.append(f"{entry.filename} names the clone's folder")
            mode = entry.external_attr >> 16
            if not mode & stat.S_IRGRP or not mode & stat.S_IROTH:
                problems.append(f"{entry.filename} cannot be read by the function's user ({oct(mode)})")
    if package.stat().st_size > LIMIT:
        problems.append(f"it has {package.stat().st_size} bytes")
    return problems


def main():
    before = lock_files()
    with tempfile.TemporaryDirectory(prefix="frazil-package-") as folder:
        package = build(Path(folder) / "out", "--managed")
        problems = look(package)
        problems += [f"{path.relative_to(ROOT)} was rewritten" for path, content in lock_files().items() if before.get(path) != content]
        os.environ["FRAZIL_LAMBDA"] = str(unzip(package, Path(folder) / "function"))
        log = Path(os.environ.get("FRAZIL_TEST_LOGS", folder)) / "server-package-aws.log"
        with LambdaServer(Path(folder) / "data", instances=1, log=log) as server:
            answer = server.request("GET", "/v1/default/namespaces")
            if answer.status != 200 or answer.json["namespaces"] != []:
                problems.append(f"the function from the zip answers {answer}")
        print(f"{package.name}: {package.stat().st_size} bytes")
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    print(f"{0 if problems else 1} passed, {1 if problems else 0} failed, 0 skipped")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(rie() if "--rie" in sys.argv else main())
