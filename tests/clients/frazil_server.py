"""A catalog under test: starts it on a fresh data folder, stops it, kills it, and talks plain HTTP to it.

FRAZIL_SERVER is the command to start; without it the server that was built under artifacts/ is taken. Arguments in the form of `frazil serve`
are appended, unless the command has the placeholders {port} and {data}: so another server can be put in its place, for example Iceberg's own:

    FRAZIL_SERVER='.../iceberg-kit/reference-server.sh {port} {data}' python -m pytest pyiceberg_story.py
"""

import fcntl
import http.client
import json
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, urlencode

ROOT = Path(__file__).resolve().parent.parent.parent
START_LIMIT = 60  # seconds until a server must answer
NAMESPACE_SEPARATOR = "\x1f"


def built_server():
    """The command of the server built in this working tree."""
    folder = ROOT / "artifacts" / "bin" / "Frazil.Local" / os.environ.get("FRAZIL_CONFIGURATION", "debug")
    for configuration in sorted(folder.glob("*.runtimeconfig.json")):
        return ["dotnet", str(configuration).replace(".runtimeconfig.json", ".dll")]
    raise SystemExit(f"no server is built in {folder}; run: dotnet build functions/Local")


_claims = []


def free_port():
    """A loopback port that is free, at or after FRAZIL_TEST_PORTS, and that no other test beside this one takes as long as this process lives."""
    first = int(os.environ.get("FRAZIL_TEST_PORTS", "18300"))
    for port in range(first, first + 90):
        claim = open(Path(tempfile.gettempdir()) / f"frazil-port-{port}.lock", "w")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
            _claims.append(claim)
            return port
        except OSError:
            claim.close()
    raise SystemExit("no free port")


class Server:
    """One catalog process. As a context manager it is started on entry and stopped at the end."""

    def __init__(self, data, arguments=(), port=None, log=None):
        self.data = Path(data).resolve()
        self.data.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = Path(log) if log else self.data.parent / f"{self.data.name}.server.log"
        self.process = None
        self.folder = self.data.parent  # in which it is started
        command = shlex.split(os.environ["FRAZIL_SERVER"]) if os.environ.get("FRAZIL_SERVER") else built_server()
        if any("{port}" in word for word in command):
            self.is_frazil = False
            self.command = [word.format(port=self.port, data=self.data) for word in command]
        else:
            self.is_frazil = True
            self.command = [*command, "serve", "--port", str(self.port), "--data", str(self.data), *arguments]

    def start(self, limit=START_LIMIT):
        output = open(self.log, "ab")
        # In the process group of the test, so that whoever ends the test ends the server too.
        self.process = subprocess.Popen(self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        output.close()
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if self.request("GET", "/v1/config").status == 200:
                    return self
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)
        self.kill()
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])
        raise RuntimeError(f"the server did not get ready: {shlex.join(self.command)}\n{tail}")

    def stop(self):
        """Ends it the polite way; the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        code, self.process = self.process.returncode, None
        return code

    def kill(self):
        """kill -9."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def request(self, method, target, body=None, headers=None, timeout=30):
        return Client(self.port).request(method, target, body, headers, timeout)


CLIENT_ID = "root"


def built(project):
    """A project of this working tree, as it was built."""
    library = ROOT / "artifacts" / "bin" / project / os.environ.get("FRAZIL_CONFIGURATION", "debug") / f"{project}.dll"
    if not library.exists():
        raise SystemExit(f"{library} is not built; run: dotnet build Serverless.sln")
    return str(library)


class RootServer(Server):
    """A catalog that asks for the root principal's credentials; requests are made with a token of theirs."""

    def __init__(self, folder, log=None):
        super().__init__(folder, log=log)
        self.is_frazil = True
        self.secret = secrets.token_urlsafe(32)
        self.token = None

    @property
    def credential(self):
        return f"{CLIENT_ID}:{self.secret}"

    def sign_in(self):
        """A token of the root principal, for as long as it lasts."""
        if self.token is None:
            form = urlencode({"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": self.secret})
            answer = super().request("POST", "/v1/oauth/tokens", form, {"Content-Type": "application/x-www-form-urlencoded"})
            if answer.status != 200:
                raise RuntimeError(f"no token: {answer}")
            self.token = answer.json["access_token"]
        return self.token

    def request(self, method, target, body=None, headers=None, timeout=60):
        headers = dict(headers or {})
        if not target.startswith("/v1/config"):
            headers.setdefault("Authorization", f"Bearer {self.sign_in()}")
        return super().request(method, target, body, headers, timeout)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """The message of an error answer, for assertions that explain themselves."""
        try:
            return self.json["error"]
        except (ValueError, KeyError, TypeError):
            return self.body[:500]

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


class Client:
    """Plain HTTP, one connection a request, no retries: what is sent is what is given."""

    def __init__(self, port, host="127.0.0.1"):
        self.host, self.port = host, port

    def request(self, method, target, body=None, headers=None, timeout=30):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            headers = dict(headers or {})
            if body is not None and not isinstance(body, (bytes, str)):
                body = json.dumps(body)
                headers.setdefault("Content-Type", "application/json")
            if isinstance(body, str):
                body = body.encode()
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()


def namespace_path(levels):
    return quote(NAMESPACE_SEPARATOR.join([levels] if isinstance(levels, str) else levels), safe="")


if __name__ == "__main__":  # a server on a folder, for trying things by hand
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    with Server(sys.argv[1], sys.argv[2:], log=os.environ.get("FRAZIL_SERVER_LOG")) as running:
        print(running.url, flush=True)
        while True:
            signal.pause()
