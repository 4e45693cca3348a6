#!/usr/bin/env python3
"""What `pulumi up` deploys to Azure: builds it, looks into the zip, and asks the worker from the zip for what its catalog holds.

    package_azure.py
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from frazil_server import ROOT
from functions_server import FunctionsServer

NEEDED = ("host.json", "worker.config.json", "functions.metadata", "extensions.json", "Frazil.AzureFunctions.dll", "Frazil.AzureFunctions.runtimeconfig.json",
          ".azurefunctions/Microsoft.Azure.WebJobs.Extensions.FunctionMetadataLoader.dll")
NOT_RESTORED = "The extensions of Azure's host could not be restored"


def build(out):
    """Runs the script as the guide does; the zip, or why there is none."""
    arguments = ["--out", str(out), *(["--for-tests"] if os.environ.get("FRAZIL_EXTRA_PACKAGES") else [])]
    run = subprocess.run([str(ROOT / "infra" / "package"), "azure", *arguments], capture_output=True, text=True)
    if run.returncode == 0:
        return Path(run.stdout.splitlines()[-2])
    if NOT_RESTORED in run.stdout + run.stderr:
        print(f"skipped: package-azure: {NOT_RESTORED}: the registry lacks their packages")
        print("0 passed, 0 failed, 1 skipped")
        sys.exit(0)
    raise SystemExit(f"FAILED: infra/package azure {' '.join(arguments)}\n{run.stdout}{run.stderr}\n0 passed, 1 failed, 0 skipped")


def look(package):
    """What is wrong with the zip."""
    with zipfile.ZipFile(package) as entries:
        names = entries.namelist()
        problems = [f"{name} is not there" for name in NEEDED if name not in names]
        problems += [f"{name} is of no use there" for name in names if name.endswith(".pdb") or name.startswith("Frazil.") and name.endswith(".xml") or "local.settings" in name]
        for entry in entries.infolist():
            content = entries.read(entry)
            if entry.date_time != (1980, 1, 1, 0, 0, 0):
                problems.append(f"{entry.filename} has the time {entry.date_time}")
            if str(ROOT).encode() in content or str(ROOT).encode("utf-16-le") in content:
                problems.append(f"{entry.filename} names the clone's folder")
        if not problems:
            if json.loads(entries.read("worker.config.json"))["description"]["workerIndexing"] != "true":
                problems.append("the host would not ask the worker for its functions, so the portal would list none of the operations")
            print(f"{package.name}: {package.stat().st_size} bytes")
    return problems


def main():
    with tempfile.TemporaryDirectory(prefix="frazil-package-") as folder:
        package = build(Path(folder) / "out")
        problems = look(package)
        with zipfile.ZipFile(package) as entries:
            entries.extractall(Path(folder) / "app")
        os.environ["FRAZIL_FUNCTIONS_WORKER"] = str(Path(folder) / "app" / "Frazil.AzureFunctions.dll")
        log = Path(os.environ.get("FRAZIL_TEST_LOGS", folder)) / "server-package-azure.log"
        with FunctionsServer(Path(folder) / "data", blobs=False, log=log) as server:
            made = server.request("POST", "/v1/default/namespaces", {"namespace": ["a/b"]})
            found = server.request("GET", "/v1/default/namespaces/a%2Fb")
            if made.status != 200 or found.status != 200 or found.json["namespace"] != ["a/b"]:
                problems.append(f"the worker from the zip answers {made} and {found}")
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    print(f"{0 if problems else 1} passed, {1 if problems else 0} failed, 0 skipped")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
