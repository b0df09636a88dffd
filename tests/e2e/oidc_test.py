"""Sign-in at an institution's provider, by the real service and a real (small) provider: the good way,
and every way that must not work."""

import http.client
import json
import pathlib
import shutil
import tempfile
import time
import unittest
import urllib.parse

import oidc_provider
import processes

FACILITY = """
[facility]
name = "Sign-in"
time_zone = "Europe/Lisbon"
log_origin = "demo/sign-in"
[[instrument]]
id = "wf-1"
name = "Widefield 1"
"""


class Browser:
    """Follows redirects one at a time and keeps the cookies of the service."""

    def __init__(self, address):
        self.address, self.cookies = address, {}

    def get(self, url, cookies=True):
        parts = urllib.parse.urlsplit(url)
        link = http.client.HTTPConnection(parts.netloc, timeout=20)
        own = url.startswith(self.address)
        headers = {}
        if own and cookies and self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        link.request("GET", parts.path + ("?" + parts.query if parts.query else ""), headers=headers)
        answer = link.getresponse()
        body = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            if own and value:
                self.cookies[name] = value
            elif own:
                self.cookies.pop(name, None)
        link.close()
        return answer.status, answer.headers.get("Location"), body

    def session(self):
        return json.loads(self.get(self.address + "/api/v1/session")[2])


class SignIn(unittest.TestCase):
    kind = "RS256"
    unknown = "viewer"

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="etalon-oidc-test-"))
        self.provider = oidc_provider.Provider(self.kind)
        (self.folder / "facility.toml").write_text(FACILITY)
        (self.folder / "oidc.secret").write_text("the secret\n")
        (self.folder / "oidc.secret").chmod(0o600)
        (self.folder / "oidc.toml").write_text(
            f'[oidc]\nissuer = "{self.provider.issuer}"\nclient_id = "etalon"\n'
            f'secret_file = "oidc.secret"\nunknown = "{self.unknown}"\n')
        self.service, self.address = processes.start_service(
            self.folder, self.folder / "facility.toml", options=["--oidc", self.folder / "oidc.toml"])
        self.admin = (self.folder / "data/admin.token").read_text().strip()

    def tearDown(self):
        self.service.stop()
        self.provider.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def attempt(self, browser, mode="", change=lambda url: url, start="/sign-in/oidc"):
        """The callback's answer."""
        self.provider.mode = mode
        status, at_provider, body = browser.get(self.address + start)
        self.assertEqual(status, 303, body)
        status, back, _ = browser.get(at_provider)
        self.assertEqual(status, 302)
        return browser.get(change(back))

    def post(self, path, body, headers=()):
        link = http.client.HTTPConnection(self.address.split("//")[1], timeout=20)
        link.request("POST", path, json.dumps(body), {"Content-Type": "application/json",
                                                      **dict(headers)})
        answer = link.getresponse()
        said = json.loads(answer.read())
        link.close()
        return answer.status, said

    def as_admin(self, path, body):
        return self.post(path, body, {"Authorization": "Bearer " + self.admin})


class Rsa(SignIn):
    def test_a_good_sign_in_begins_a_session_and_every_hostile_one_none(self):
        browser = Browser(self.address)
        status, _, page = self.attempt(browser)
        self.assertEqual(status, 200, page)
        session = browser.session()
        self.assertEqual((session["name"], session["role"] == "admin"), ("Ana Sousa", False))
        self.assertNotIn("account.manage", session["rights"])
        asked = self.provider.asked[-1]
        self.assertEqual((asked["response_type"], asked["code_challenge_method"]), ("code", "S256"))
        self.assertIn("openid", asked["scope"].split())

        for mode in ("audience", "expired", "nonce", "issuer", "none", "stranger", "stranger_kid",
                     "mix_up", "no_iss"):
            with self.subTest(mode=mode):
                other = Browser(self.address)
                status, _, page = self.attempt(other, mode)
                self.assertEqual(status, 400, page)
                self.assertIn("sign_in_failed", page)
                self.assertIsNone(other.session()["subject"])

        def set_query(**members):
            def change(url):
                parts = urllib.parse.urlsplit(url)
                query = {**dict(urllib.parse.parse_qsl(parts.query)), **members}
                return parts._replace(query=urllib.parse.urlencode(query)).geturl()
            return change

        for change in (set_query(state="of-another-attempt"), set_query(state=""),
                       set_query(code="made-up"), set_query(error="access_denied")):
            other = Browser(self.address)
            self.assertEqual(self.attempt(other, change=change)[0], 400)
            self.assertIsNone(other.session()["subject"])
        self.assertIn("wrong_audience", self.service.said())

    def test_an_attempt_belongs_to_its_browser_and_counts_once(self):
        mallory, victim = Browser(self.address), Browser(self.address)
        _, at_provider, _ = mallory.get(self.address + "/sign-in/oidc")
        _, back, _ = mallory.get(at_provider)
        self.assertEqual(victim.get(back)[0], 400)
        self.assertIsNone(victim.session()["subject"])
        self.assertEqual(mallory.get(back)[0], 200)
        self.assertEqual(mallory.get(back)[0], 400)

    def test_a_new_key_of_the_provider_is_found(self):
        self.assertEqual(self.attempt(Browser(self.address))[0], 200)
        self.provider.rotate("k2")
        self.assertEqual(self.attempt(Browser(self.address))[0], 200)
        # The keys are read again at most once a minute, however many unknown ones come.
        self.provider.rotate("k3")
        self.assertEqual(self.attempt(Browser(self.address))[0], 400)

    def test_a_fresh_sign_in_signs_in_place_of_a_password(self):
        browser = Browser(self.address)
        self.attempt(browser)
        session = browser.session()
        shown = browser.get(self.address + "/api/v1/signatures?kind=instrument&id=wf-1")[2]
        record = json.loads(shown)["record"]
        order = {"record": record, "meaning": "acknowledged", "reason": "read it"}
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in browser.cookies.items()),
                   "Origin": self.address, "Etalon-Csrf": session["csrf"]}
        status, said = self.post("/api/v1/signatures", order, headers)
        self.assertEqual((status, said["type"]), (403, "/problems/proof_missing"))

        self.provider.auth_time = lambda: int(time.time()) - 3600
        self.assertEqual(self.attempt(browser, start="/sign-in/prove")[0], 400)
        self.assertEqual(self.provider.asked[-1]["max_age"], "0")
        self.provider.auth_time = lambda: int(time.time())
        self.provider.subject = "18"
        self.assertEqual(self.attempt(browser, start="/sign-in/prove")[0], 400)
        self.provider.subject = "17"
        self.assertEqual(self.post("/api/v1/signatures", order, headers)[0], 403)

        self.assertEqual(self.attempt(browser, start="/sign-in/prove")[0], 200)
        status, said = self.post("/api/v1/signatures", order, headers)
        self.assertEqual(status, 201, said)
        self.assertEqual(self.post("/api/v1/signatures", order, headers)[0], 403)


class Ec(SignIn):
    kind = "ES256"
    unknown = "wait"

    def test_somebody_unknown_waits_for_an_administrator(self):
        browser = Browser(self.address)
        status, _, page = self.attempt(browser)
        self.assertEqual(status, 403, page)
        self.assertIsNone(browser.session()["subject"])
        self.as_admin("/api/v1/accounts", {"id": "ana", "name": "Ana", "kind": "person"})
        link = {"issuer": self.provider.issuer, "subject": "17"}
        status, said = self.as_admin("/api/v1/accounts/ana/sign-in-links", link)
        self.assertEqual(status, 201, said)
        self.assertEqual(self.as_admin("/api/v1/accounts/ana/sign-in-links", link)[0], 409)
        self.assertEqual(self.attempt(browser)[0], 200)
        self.assertEqual(browser.session()["subject"], "ana")
        self.assertEqual(self.as_admin("/api/v1/accounts/ana/close", {"reason": "left"})[0], 201)
        self.assertEqual(self.attempt(Browser(self.address))[0], 403)


del SignIn

if __name__ == "__main__":
    unittest.main()
