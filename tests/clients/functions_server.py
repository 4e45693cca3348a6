"""The catalog as Azure runs it: the Functions worker under a host that does what Azure's does, over tables of azurite, with files in its blobs or in a folder.

FRAZIL_FUNCTIONS_HOST and FRAZIL_FUNCTIONS_WORKER are the assemblies; without them those that were built under artifacts/ are taken.

    functions_server.py FOLDER     serves a fresh catalog on files, without a trash; prints its address and the root credentials (ID:SECRET), a line each
"""

import os
import signal
import sys
import uuid
from pathlib import Path

from frazil_server import CLIENT_ID, RootServer, built

# Azurite's account, the same for everybody.
ACCOUNT, ACCOUNT_KEY = "devstoreaccount1", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def connection_string():
    """How clients of blobs find azurite."""
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};BlobEndpoint={os.environ['FRAZIL_TEST_AZURITE_BLOBS']};"


class FunctionsServer(RootServer):
    """A table, a container or a folder, a root secret, and the worker that serves them."""

    def __init__(self, folder, blobs, has_trash=True, allowed="", log=None):
        super().__init__(folder, log=log)
        self.allowed = allowed
        self.has_trash = has_trash
        self.name = f"c{uuid.uuid4().hex}"
        self.blobs = blobs
        self.warehouse = f"abfss://{self.name}@{ACCOUNT}.dfs.core.windows.net/warehouse" if blobs else f"{self.data.as_uri()}/warehouse"
        host = os.environ.get("FRAZIL_FUNCTIONS_HOST") or built("Frazil.FunctionsHost")
        worker = os.environ.get("FRAZIL_FUNCTIONS_WORKER") or built("Frazil.AzureFunctions")
        self.command = ["env", *(f"{name}={value}" for name, value in self.environment().items()), "dotnet", host, worker, str(self.port)]

    def environment(self):
        """What infra gives the app, and where the emulator is."""
        return {
            "FRAZIL__STORE": "azuretables", "FRAZIL__AZURETABLES__ENDPOINT": os.environ["FRAZIL_TEST_AZURITE_TABLES"], "FRAZIL__AZURETABLES__TABLE": self.name,
            "FRAZIL__CATALOG__NAME": "default", "FRAZIL__CATALOG__BASELOCATION": self.warehouse,
            "FRAZIL__CATALOG__ALLOWEDLOCATIONS": self.allowed,
            "FRAZIL__AUTH__ROOTCLIENTID": CLIENT_ID, "FRAZIL__AUTH__SECRETSOURCE": "env:FRAZIL__AUTH__ROOTSECRET", "FRAZIL__AUTH__ROOTSECRET": self.secret,
            "FRAZIL__DEVELOPMENT__ACCOUNTKEY": ACCOUNT_KEY,
            **({"FRAZIL__DEVELOPMENT__BLOBS": os.environ["FRAZIL_TEST_AZURITE_BLOBS"]} if self.blobs else {}),
            **({} if self.has_trash else {"FRAZIL__DEVELOPMENT__KEEPDROPPEDSECONDS": "0"}),
        }

    def start(self):
        if self.blobs:
            self.container().create_container()
        return super().start()

    def container(self):
        """The container with the tables' files, for a look past the catalog."""
        from azure.storage.blob import ContainerClient  # not there where the kit runs, which needs no blobs
        return ContainerClient.from_connection_string(connection_string(), self.name)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    with FunctionsServer(Path(sys.argv[1]), blobs=False, has_trash=False, allowed="file:/tmp/", log=os.environ.get("FRAZIL_SERVER_LOG")) as running:
        print(running.url, running.credential, sep="\n", flush=True)
        while True:
            signal.pause()
