"""A timestamp authority (RFC 3161) on loopback: `openssl ts` behind a small HTTP server, with its own
root, and with the faults that a test asks for."""

import contextlib
import http.server
import pathlib
import subprocess
import threading

CONFIG = """
[tsa]
default_tsa = one
[one]
dir = {folder}
serial = {folder}/serial
signer_cert = {folder}/{name}.pem
certs = {folder}/{name}-root.pem
signer_key = {folder}/{name}.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
"""
TSA_EXTENSIONS = "[ext]\nextendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"


def openssl(*words, data=None):
    done = subprocess.run(["openssl", *map(str, words)], input=data, capture_output=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(done.stderr.decode(errors="replace"))
    return done.stdout


def make_authority(folder, name):
    """NAME-root.pem, and NAME.pem with NAME.key that it certified for time stamps."""
    root, key = folder / f"{name}-root", folder / name
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
            f"/CN={name} root", "-keyout", f"{root}.key", "-out", f"{root}.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{key}.key",
            "-out", f"{key}.csr")
    (folder / "ext.cnf").write_text(TSA_EXTENSIONS)
    openssl("x509", "-req", "-in", f"{key}.csr", "-CA", f"{root}.pem", "-CAkey", f"{root}.key",
            "-CAcreateserial", "-days", "30", "-extfile", folder / "ext.cnf", "-extensions", "ext",
            "-out", f"{key}.pem")
    (folder / f"{name}.cnf").write_text(CONFIG.format(folder=folder, name=name))
    (folder / "serial").write_text("01\n")
    return pathlib.Path(f"{root}.pem")


class Authority:
    """`mode`: good, error (a status), other_nonce, other_imprint, untrusted (another root), noise."""

    def __init__(self, folder):
        self.folder, self.mode, self.asked = folder, "good", 0
        self.root = make_authority(folder, "good-stamps")
        make_authority(folder, "other-stamps")
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.asked += 1
                request = self.rfile.read(int(self.headers["Content-Length"]))
                reply = outer.reply(request)
                self.send_response(503 if outer.mode == "error" else 200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(reply)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/tsr"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def reply(self, request):
        if self.mode in ("error", "noise"):
            return b"<html>maintenance</html>"
        # SHA-256's OID and NULL stand before the 32 bytes of the digest.
        at = request.index(bytes.fromhex("608648016503040201")) + 9 + 2 + 2
        if self.mode == "other_imprint":
            request = request[:at] + bytes(32) + request[at + 32:]
        if self.mode == "other_nonce":  # an INTEGER of 9 bytes, the first of them 0
            nonce = request.index(b"\x02\x09\x00", at + 32) + 3
            request = request[:nonce] + bytes([request[nonce] ^ 1]) + request[nonce + 1:]
        name = "other-stamps" if self.mode == "untrusted" else "good-stamps"
        query, out = self.folder / "query.tsq", self.folder / "reply.tsr"
        query.write_bytes(request)
        openssl("ts", "-reply", "-config", self.folder / f"{name}.cnf", "-queryfile", query, "-out", out)
        return out.read_bytes()
