"""Starts and stops the real programs of a test: on loopback, in temporary folders, and, where the
test runs as root, the ones that are not ours as an unprivileged user."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

BIN = pathlib.Path(os.environ.get("ETALON_BIN", "build/release/etalon")).resolve()
UNPRIVILEGED = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def unprivileged(command):
    """The command as it must run when the test is root."""
    return [*UNPRIVILEGED, *command] if os.geteuid() == 0 else list(command)


def give_away(folder):
    """Lets an unprivileged program write below a folder."""
    if os.geteuid() == 0:
        for path in [folder, *pathlib.Path(folder).rglob("*")]:
            os.chown(path, 65534, 65534)


class Program:
    """A process with its output in a file; stopped at the end, killed if it does not."""

    def __init__(self, command, log, **options):
        self.command, self.log = [str(word) for word in command], pathlib.Path(log)
        self._output = open(self.log, "ab")
        self.process = subprocess.Popen(self.command, stdout=self._output,
                                        stderr=subprocess.STDOUT, **options)

    def stop(self, how=signal.SIGTERM, timeout=20):
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._output.close()
        return self.process.returncode

    def said(self):
        return self.log.read_text(errors="replace")


def fetch(url, timeout=10, **headers):
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read().decode("utf-8")


def wait_for(what, check, seconds=60, every=0.2):
    """The first true answer of `check`; failures to connect count as not yet."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, urllib.error.URLError):
            answer = check()
            if answer:
                return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(every)


def start_service(folder, facility=None, port=None, options=()):
    """`etalon serve` on a data folder; returns it and its address once it is ready."""
    port = port or free_port()
    command = [BIN, "serve", "--data", folder / "data", "--listen", f"127.0.0.1:{port}", *options]
    if facility:
        command += ["--facility", facility]
    service = Program(command, folder / "service.log")
    address = f"http://127.0.0.1:{port}"

    def is_ready():
        if service.process.poll() is not None:
            raise AssertionError(f"the service ended: {service.said()}")
        return fetch(address + "/readyz") is not None

    wait_for("the service", is_ready)
    return service, address


def enrol(address, folder, agent, instruments, config):
    """An agent's key and token beside `config`, by a code of the administrator's."""
    admin = (folder / "admin.token").read_text().strip()
    request = urllib.request.Request(
        address + "/api/v1/agents/enrolments",
        json.dumps({"agent": agent, "instruments": instruments}).encode(),
        {"Authorization": "Bearer " + admin, "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        code = json.load(answer)["code"]
    subprocess.run([BIN, "agent", "enrol", "--service", address, "--code", code, "--config", config],
                   check=True, stdout=subprocess.DEVNULL)


def have(*programs):
    return all(shutil.which(program) for program in programs)
