// Signing in on a live service: its address in ETALON_URL, an account "ana" with the first password
// "given by somebody", reading closed to everybody else.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityFindings, launch, openPage, overflow, screenshot } from "./browser.mjs";

const base = process.env.ETALON_URL;
let chrome;

before(async () => {
  chrome = await launch();
});
after(async () => {
  await chrome?.close();
});

const heading = (page, text) => page.waitForSelector(`h1:has-text(${JSON.stringify(text)})`, { timeout: 20_000 });

async function signIn(page, password) {
  await page.fill("#account", "ana");
  await page.fill("#password", password);
  await page.click("main button[type=submit]");
}

test("a person's day: sign in, choose a password, make a token, be signed out, sign out", async () => {
  const { page, seen, close } = await openPage(chrome.browser, base);
  try {
    await page.goto(`${base}/instruments/lsm-1`);
    await heading(page, "Sign in to read this.");
    assert.deepEqual(await accessibilityFindings(page), []);
    await page.click("main a.btn");
    await heading(page, "Sign in");
    assert.equal(new URL(page.url()).searchParams.get("next"), "/instruments/lsm-1");
    assert.deepEqual(await accessibilityFindings(page), []);
    await screenshot(page, "sign-in");

    await signIn(page, "not the password");
    await page.waitForSelector("text=This account and password do not go together.");
    await signIn(page, "given by somebody");
    await heading(page, "Ana Sousa");
    await page.waitForSelector("text=Somebody else chose your password.");
    assert.equal(await page.locator("#tokens").count(), 0);
    await page.fill("#old", "given by somebody");
    await page.fill("#new", "correct horse battery");
    await page.fill("#again", "correct horse batterie");
    await page.click("text=Change the password");
    await page.waitForSelector("text=The two new passwords are not the same.");
    await page.fill("#again", "correct horse battery");
    await page.click("text=Change the password");
    await page.waitForURL(`${base}/`);
    await page.waitForSelector(".fleet");

    await page.click("header a:has-text('Ana Sousa')");
    await page.waitForSelector("text=Signed in as ana, quality manager.");
    await page.waitForSelector("text=this one");
    await page.fill("#token-name", "night script");
    await page.check("input[value='record.read']");
    await page.click("text=Make the token");
    const token = (await page.innerText("#new-token")).trim();
    assert.match(token, /^etalon_[0-9a-f]{64}$/);
    await page.waitForSelector("th:has-text('night script')");
    const asked = await fetch(`${base}/api/v1/events`, { headers: { Authorization: `Bearer ${token}` } });
    assert.equal(asked.status, 200);
    assert.deepEqual(await accessibilityFindings(page), []);
    await screenshot(page, "account");
    await page.setViewportSize({ width: 320, height: 800 });
    assert.equal(await overflow(page), 0);
    await screenshot(page, "account-narrow");
    await page.setViewportSize({ width: 1280, height: 900 });

    const ended = await fetch(`${base}/api/v1/accounts/ana/sign-out`, {
      method: "POST",
      headers: { Authorization: `Bearer ${process.env.ETALON_ADMIN_TOKEN}`, "Content-Type": "application/json" },
      body: "{}",
    });
    assert.equal(ended.status, 200);
    await page.goto(`${base}/instruments`);
    await page.waitForSelector("text=Your session is over.");
    await page.click(".banner.over a");
    await page.waitForSelector("text=Sign in again to go on.");
    assert.deepEqual(await accessibilityFindings(page), []);
    await signIn(page, "correct horse battery");
    await page.waitForURL(`${base}/instruments`);
    await page.waitForSelector("header a:has-text('Ana Sousa')");

    await page.goto(`${base}/account`);
    await page.click("text=Sign out");
    await heading(page, "Sign in");
    assert.equal(await page.locator("text=Your session is over.").count(), 0);
    const faults = seen.errors.filter((text) => !/status of (401|403)/.test(text));
    assert.deepEqual(faults, []);
    assert.deepEqual(seen.foreign, []);
  } finally {
    await close();
  }
});
