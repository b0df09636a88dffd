"""A small OpenID Connect provider with real keys, and with the mistakes and attacks that a client must
see through. Keys and signatures are made by the `openssl` program."""

import base64
import hashlib
import http.server
import json
import pathlib
import subprocess
import tempfile
import threading
import time
import urllib.parse


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*words, stdin=None):
    return subprocess.run(["openssl", *map(str, words)], input=stdin, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


class Key:
    def __init__(self, folder, kid, kind):
        self.kid, self.kind, self.file = kid, kind, folder / f"{kid}.pem"
        options = (["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if kind == "RS256"
                   else ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
        openssl("genpkey", "-algorithm", *options, "-out", self.file)

    def jwk(self):
        jwk = {"kid": self.kid, "use": "sig", "alg": self.kind}
        if self.kind == "RS256":
            modulus = openssl("rsa", "-in", self.file, "-noout", "-modulus").decode().split("=")[1]
            return {**jwk, "kty": "RSA", "n": b64(bytes.fromhex(modulus.strip())), "e": "AQAB"}
        point = openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")[-64:]
        return {**jwk, "kty": "EC", "crv": "P-256", "x": b64(point[:32]), "y": b64(point[32:])}

    def sign(self, data):
        signature = openssl("dgst", "-sha256", "-sign", self.file, stdin=data)
        if self.kind == "RS256":
            return signature
        numbers, at = b"", 2  # DER: two integers in a sequence
        for _ in range(2):
            size = signature[at + 1]
            numbers += signature[at + 2:at + 2 + size][-32:].rjust(32, b"\0")
            at += 2 + size
        return numbers


class Provider:
    """`mode` says how the next token is wrong; "" makes a good one."""

    def __init__(self, kind="RS256"):
        self._folder = tempfile.TemporaryDirectory(prefix="etalon-oidc-")
        self.folder = pathlib.Path(self._folder.name)
        self.kind = kind
        self.key = Key(self.folder, "k1", kind)
        self.stranger = Key(self.folder, "stranger", kind)
        self.mode = ""
        self.subject, self.name = "17", "Ana Sousa"
        self.auth_time = lambda: int(time.time())
        self.codes, self.asked = {}, []
        handler = type("Handler", (Handler,), {"provider": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def rotate(self, kid):
        self.key = Key(self.folder, kid, self.kind)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self._folder.cleanup()

    def discovery(self):
        return {"issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize",
                "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/keys",
                "authorization_response_iss_parameter_supported": True}

    def token(self, asked):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": asked["client_id"], "sub": self.subject,
                  "name": self.name, "nonce": asked["nonce"], "iat": now, "exp": now + 300,
                  "auth_time": self.auth_time()}
        key, header = self.key, {"alg": self.key.kind, "kid": self.key.kid}
        if self.mode == "audience":
            claims["aud"] = "somebody-else"
        elif self.mode == "expired":
            claims["exp"] = now - 3600
        elif self.mode == "nonce":
            claims["nonce"] = "of-another-attempt"
        elif self.mode == "issuer":
            claims["iss"] = "https://evil.example.org"
        elif self.mode == "none":
            header = {"alg": "none"}
        elif self.mode == "stranger":
            key = self.stranger
        elif self.mode == "stranger_kid":
            key, header = self.stranger, {"alg": self.key.kind, "kid": "stranger"}
        text = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
        signature = b"" if self.mode == "none" else key.sign(text.encode())
        return text + "." + b64(signature)


class Handler(http.server.BaseHTTPRequestHandler):
    provider = None

    def log_message(self, *_):
        pass

    def answer(self, status, body, **headers):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/.well-known/openid-configuration":
            return self.answer(200, self.provider.discovery())
        if url.path == "/keys":
            return self.answer(200, {"keys": [self.provider.key.jwk()]})
        if url.path != "/authorize":
            return self.answer(404, {})
        asked = dict(urllib.parse.parse_qsl(url.query))
        self.provider.asked.append(asked)
        code = b64(hashlib.sha256(asked["state"].encode()).digest())
        self.provider.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.provider.issuer}
        if self.provider.mode == "mix_up":
            back["iss"] = "https://evil.example.org"
        if self.provider.mode == "no_iss":
            del back["iss"]
        self.answer(302, {}, Location=asked["redirect_uri"] + "?" + urllib.parse.urlencode(back))

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(
            self.rfile.read(int(self.headers["Content-Length"])).decode()))
        asked = self.provider.codes.pop(form.get("code"), None)
        secret = "Basic " + base64.b64encode(b"etalon:the secret").decode()
        challenge = b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (asked is None or self.headers.get("Authorization") != secret
                or challenge != asked["code_challenge"]
                or form["redirect_uri"] != asked["redirect_uri"]):
            return self.answer(400, {"error": "invalid_grant"})
        self.answer(200, {"token_type": "Bearer", "access_token": "x",
                          "id_token": self.provider.token(asked)})
