// A real Chromium for the tests: as an unprivileged user, with a new profile, on loopback only.
import { spawn } from "node:child_process";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

const packages = process.env.ETALON_BROWSER_PACKAGES ?? path.dirname(new URL(import.meta.url).pathname);
const require = createRequire(path.join(packages, "package.json"));
const { chromium } = require("playwright-core");
const kAxe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const kNobody = 65534;

export const kChromium = process.env.ETALON_CHROMIUM ?? "/usr/bin/chromium";

const kFlags = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0",
];

/** Starts Chromium; `close` ends it and removes its profile. */
export async function launch() {
  const profile = mkdtempSync(path.join(os.tmpdir(), "etalon-chromium-"));
  const root = process.getuid?.() === 0;
  if (root) chownSync(profile, kNobody, kNobody);
  const child = spawn(kChromium, [...kFlags, `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "pipe"],
    cwd: profile,
    env: { PATH: process.env.PATH, HOME: profile, TMPDIR: profile, LANG: "C.UTF-8" },
    ...(root ? { uid: kNobody, gid: kNobody } : {}),
  });
  const ended = new Promise((done) => child.once("exit", done));
  const browser = await chromium.connectOverCDP(await address(child));
  const close = async () => {
    await browser.close().catch(() => {});
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(late);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  return { browser, close };
}

function address(child) {
  return new Promise((found, failed) => {
    let said = "";
    const late = setTimeout(() => failed(new Error(`Chromium did not start in 30 s:\n${said}`)), 30_000);
    child.stderr.on("data", (chunk) => {
      said += chunk;
      const match = /DevTools listening on (ws:\S+)/.exec(said);
      if (!match) return;
      clearTimeout(late);
      found(match[1]);
    });
    child.once("exit", (code) => failed(new Error(`Chromium ended with ${code}:\n${said}`)));
  });
}

/** A page that remembers what a clean page never has: console errors, requests to elsewhere. */
export async function openPage(browser, base, { width = 1280, height = 900, dark = false } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
    locale: "en-GB",
  });
  const page = await context.newPage();
  const seen = { errors: [], foreign: [], policies: new Set() };
  page.on("console", (m) => m.type() === "error" && seen.errors.push(m.text()));
  page.on("pageerror", (e) => seen.errors.push(String(e)));
  page.on("request", (r) => {
    if (new URL(r.url()).origin !== new URL(base).origin) seen.foreign.push(r.url());
  });
  page.on("response", (r) => {
    if (r.request().isNavigationRequest()) seen.policies.add(r.headers()["content-security-policy"] ?? "");
  });
  return { page, seen, close: () => context.close() };
}

/** axe-core's findings, each in one line; evaluated over the protocol, so the page's policy holds. */
export async function accessibilityFindings(page) {
  await page.evaluate(kAxe);
  const result = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  return result.violations.map(
    (v) => `${v.id}: ${v.help} (${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")})`,
  );
}

/** Keeps a picture where ETALON_SCREENSHOTS says; without it nothing is written. */
export async function screenshot(page, name, { fullPage = true } = {}) {
  const folder = process.env.ETALON_SCREENSHOTS;
  if (!folder) return;
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage });
}

export const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
