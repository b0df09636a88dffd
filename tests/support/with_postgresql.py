"""Runs a command with a PostgreSQL server of its own: `with_postgresql.py COMMAND...`

The server is Debian's, in a temporary folder, on a socket there and on loopback, run by an
unprivileged user, and stopped at the end. The command finds in its environment

ETALON_TEST_POSTGRESQL      URL of the database "postgres" by the socket, where anyone may come in
ETALON_TEST_POSTGRESQL_TCP  the same by loopback, where the role "etalon" needs the password "word@1"
ETALON_TEST_POSTGRESQL_PID  file whose first line is the server's process: killed, it comes back
"""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

# Words order otherwise than bytes there, as on many servers: a record must not notice.
ENGLISH = ["--locale-provider=icu", "--icu-locale=en"]
SETTINGS = {"max_connections": "200", "restart_after_crash": "on", "lc_messages": "C"}
# A test's server may lose its processes, never its machine.
HASTY = {"fsync": "off", "full_page_writes": "off"}
RULES = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


def binaries():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        sys.exit("with_postgresql: PostgreSQL is not installed (Debian: postgresql)")
    return found[-1].parent


def unprivileged():
    """The words before a command that is not to run as root, and who runs it."""
    if os.getuid() != 0:
        return [], os.getuid(), os.getgid()
    user = pwd.getpwnam("postgres")
    return (["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"],
            user.pw_uid, user.pw_gid)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, folder, more):
        self.settings = [word for name, value in {**SETTINGS, **more}.items()
                         for word in ("-c", f"{name}={value}")]
        self.bin = binaries()
        self.words, uid, gid = unprivileged()
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.port = free_port()
        os.chown(folder, uid, gid)
        subprocess.run([*self.words, self.bin / "initdb", "-D", self.data, "-U", "etalon",
                        "--encoding=UTF8", "--locale=C", *ENGLISH, "--auth=trust", "--no-sync",
                        "--no-instructions"], check=True, stdout=subprocess.DEVNULL, cwd=folder)
        (self.data / "pg_hba.conf").write_text(RULES)
        self.ending = threading.Event()
        self.process = None
        self.start()
        self.wait()
        threading.Thread(target=self.keep, daemon=True).start()

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.words, self.bin / "postgres", "-D", self.data, "-k", self.folder,
                 "-p", str(self.port), "-c", "listen_addresses=127.0.0.1", *self.settings],
                stdout=log, stderr=log, cwd=self.folder)

    def wait(self):
        for _ in range(300):
            ready = subprocess.run([self.bin / "pg_isready", "-q", "-h", self.folder,
                                    "-p", str(self.port)], check=False)
            if ready.returncode == 0:
                return
            time.sleep(0.1)
        sys.exit("with_postgresql: the server did not start:\n"
                 + (self.folder / "log").read_text(errors="replace"))

    def keep(self):
        """A server that was killed comes back, as under an init system."""
        while True:
            self.process.wait()
            if self.ending.is_set():
                return
            # What is left of the killed one holds its memory until it has noticed.
            while not self.ending.is_set():
                time.sleep(0.1)
                self.start()
                time.sleep(0.2)
                if self.process.poll() is None:
                    break

    def environment(self):
        return {"ETALON_TEST_POSTGRESQL":
                    f"postgresql:///postgres?host={self.folder}&port={self.port}&user=etalon",
                "ETALON_TEST_POSTGRESQL_TCP":
                    f"postgresql://etalon:word%401@127.0.0.1:{self.port}/postgres",
                "ETALON_TEST_POSTGRESQL_PID": str(self.data / "postmaster.pid")}

    def psql(self, sql):
        subprocess.run([self.bin / "psql", "-q", "-h", self.folder, "-p", str(self.port), "-U",
                        "etalon", "-d", "postgres", "-c", sql], check=True)

    def stop(self):
        self.ending.set()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # "fast": sessions are cut
            self.process.wait(30)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = tempfile.mkdtemp(prefix="etalon-pg-")
    server = None
    try:
        server = Server(folder, HASTY)
        server.psql("ALTER ROLE etalon PASSWORD 'word@1'")
        return subprocess.run(sys.argv[1:], check=False,
                              env={**os.environ, **server.environment()}).returncode
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
