// States that a real record cannot be brought into on demand, with made-up answers.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { accessibilityFindings, launch, openPage, overflow, screenshot } from "./browser.mjs";
import { startFixture } from "./fixture.mjs";

let fixture;
let chrome;

before(async () => {
  fixture = await startFixture(process.env.ETALON_WEB_DIST);
  chrome = await launch();
});
after(async () => {
  await chrome?.close();
  await fixture?.close();
});
beforeEach(() => Object.assign(fixture.control, { scenario: "busy", away: false, slowMs: 0 }));

async function look(scenario, path, options, use) {
  fixture.control.scenario = scenario;
  const { page, seen, close } = await openPage(chrome.browser, fixture.url, options);
  try {
    await page.goto(fixture.url + path);
    await use(page, seen);
  } finally {
    await close();
  }
}

/** Asks again at once instead of waiting for the next poll. */
const askNow = (page) => page.evaluate(() => dispatchEvent(new Event("visibilitychange")));

test("nothing yet: what to do first, and one button", async () => {
  await look("empty", "/", {}, async (page) => {
    await page.waitForSelector("text=No instrument is registered yet.");
    assert.equal(await page.locator("main .btn").count(), 1);
    assert.deepEqual(await accessibilityFindings(page), []);
    await screenshot(page, "state-empty");
  });
});

test("all is well: one calm sentence", async () => {
  await look("calm", "/", {}, async (page) => {
    await page.waitForSelector("h1:has-text('All 4 instruments are in spec.')");
    await screenshot(page, "state-calm");
  });
});

test("300 instruments arrive page by page and stay quick to filter", async () => {
  await look("many", "/", {}, async (page) => {
    await page.waitForSelector(".fleet tbody tr");
    assert.equal(await page.locator(".fleet tbody tr").count(), 300);
    const began = Date.now();
    await page.fill("input[type=search]", "Stand 300");
    await page.waitForFunction(() => document.querySelectorAll(".fleet tbody tr").length === 1);
    assert.ok(Date.now() - began < 2000);
  });
});

test("names of 80 characters break instead of pushing the page wide", async () => {
  for (const width of [320, 768, 1280]) {
    await look("long", "/", { width }, async (page) => {
      await page.waitForSelector(".fleet tbody tr");
      assert.equal(await overflow(page), 0, `${width} px`);
      if (width !== 768) await screenshot(page, `state-long-${width}`);
    });
  }
});

test("a verdict past its validity turns Unknown in an open page", async () => {
  await look("lapsing", "/", {}, async (page) => {
    await page.waitForSelector("h1:has-text('Your instrument is in spec.')");
    await page.waitForSelector("h1:has-text('One instrument needs you.')", { timeout: 15_000 });
    assert.match(await page.innerText(".fleet"), /Unknown/);
  });
});

test("service away: first greyed with the last contact, then every verdict is Unknown", async () => {
  await look("busy", "/", {}, async (page) => {
    await page.waitForSelector(".fleet tbody tr");
    fixture.control.away = true;
    await askNow(page);
    await page.waitForSelector(".banner.away", { timeout: 20_000 });
    const words = await page.$$eval(".fleet button .v", (all) => all.map((v) => v.textContent.trim()));
    assert.ok(words.length > 0 && words.every((word) => word === "Unknown"), words.join());
    await screenshot(page, "state-away");
    fixture.control.away = false;
    await page.waitForSelector(".banner.away", { state: "detached", timeout: 20_000 });
    assert.match(await page.innerText(".fleet"), /In spec/);
  });
});

test("service away from the start: said in words, no empty page", async () => {
  fixture.control.away = true;
  await look("busy", "/instruments/lsm-2", {}, async (page) => {
    await page.waitForSelector("h1:has-text('could not be loaded')", { timeout: 20_000 });
    fixture.control.away = false;
    await page.waitForSelector("h1:has-text('LSM 2')", { timeout: 20_000 });
  });
});

test("slow answers: a skeleton after 300 ms, not before", async () => {
  fixture.control.slowMs = 1200;
  await look("busy", "/", {}, async (page) => {
    await page.addInitScript(() => {
      globalThis.appeared = {};
      new MutationObserver(() => {
        for (const name of ["skeleton", "bone"]) {
          if (document.querySelector(`.${name}`)) globalThis.appeared[name] ??= performance.now();
        }
      }).observe(document, { childList: true, subtree: true });
    });
    await page.reload();
    await page.waitForSelector(".bone");
    await page.waitForSelector(".fleet tbody tr");
    const { skeleton, bone } = await page.evaluate(() => globalThis.appeared);
    assert.ok(bone - skeleton >= 250, `bars after ${bone - skeleton} ms`);
  });
});

test("not found: says so and leads on", async () => {
  for (const path of ["/instruments/nope", "/measurements/00ff", "/nowhere"]) {
    await look("busy", path, {}, async (page) => {
      await page.waitForSelector("h1:has-text('There is nothing at this address.')");
      assert.deepEqual(await accessibilityFindings(page), []);
    });
  }
});

test("an unchanged answer is not drawn again: the poll sends the ETag", async () => {
  await look("busy", "/", {}, async (page) => {
    await page.waitForSelector(".fleet tbody tr");
    const asked = page.waitForRequest((r) => r.url().includes("/instruments") && Boolean(r.headers()["if-none-match"]));
    await askNow(page);
    await asked;
  });
});

test("on paper: no rail, black on white, the address written out", async () => {
  await look("busy", "/instruments/lsm-2", { dark: true }, async (page) => {
    await page.waitForSelector(".chart canvas");
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await page.setViewportSize({ width: 680, height: 960 }); // A4 within its margins
    assert.equal(await page.isVisible(".rail"), false);
    assert.equal(await page.isVisible(".printfoot"), true);
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector(".card")).backgroundColor), "rgb(255, 255, 255)");
    await page.waitForTimeout(300);
    assert.equal(await overflow(page), 0);
    await screenshot(page, "state-print");
  });
});

test("a wall screen: larger, nothing cut", async () => {
  await look("busy", "/", { width: 3840, height: 2160, dark: true }, async (page) => {
    await page.waitForSelector(".fleet tbody tr");
    assert.equal(await overflow(page), 0);
    await screenshot(page, "state-wall", { fullPage: false });
  });
});

test("the skip link leads past the frame", async () => {
  await look("busy", "/", {}, async (page) => {
    await page.waitForSelector(".fleet tbody tr");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "content");
  });
});
