// The three pages as a person meets them, against the service at ETALON_URL; without that address
// against made-up answers, which need ETALON_WEB_DIST (the bundled application).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityFindings, launch, openPage, overflow, screenshot } from "./browser.mjs";
import { startFixture } from "./fixture.mjs";

let base;
let fixture;
let chrome;
let fleet;
let instrument;
let measurement;

const json = async (path) => {
  const answer = await fetch(base + path);
  assert.equal(answer.status, 200, path);
  return answer.json();
};

/** The instrument that a reader would open first and has something to show: judged points. */
async function chooseSubjects() {
  fleet = await json("/api/v1/instruments");
  const rank = ["out_of_spec", "unknown", "in_spec_with_conditions", "in_spec", "not_in_scope"];
  const worst = (item) => Math.min(...item.verdicts.map((v) => rank.indexOf(v.verdict)), 9);
  const sorted = [...fleet.items].sort((a, b) => worst(a) - worst(b));
  for (const item of sorted) {
    const page = await json(`/api/v1/instruments/${item.id}`);
    const judged = page.configurations.some((c) => c.quantities.some((q) => q.judges));
    if (judged && page.measurements.length > 0) {
      instrument = page;
      break;
    }
  }
  assert.ok(instrument, "the record under test has no instrument with a judged measurement");
  const judgedRow = instrument.measurements.find((m) => m.outcome && m.outcome !== "unmeasurable");
  measurement = await json(`/api/v1/measurements/${(judgedRow ?? instrument.measurements[0]).key}`);
}

before(async () => {
  if (process.env.ETALON_URL) {
    base = process.env.ETALON_URL.replace(/\/$/, "");
  } else {
    fixture = await startFixture(process.env.ETALON_WEB_DIST);
    base = fixture.url;
  }
  chrome = await launch();
  await chooseSubjects();
});

after(async () => {
  await chrome?.close();
  await fixture?.close();
});

const addresses = () => ({
  fleet: "/instruments",
  instrument: `/instruments/${instrument.id}`,
  measurement: `/measurements/${measurement.key}`,
});

const ready = {
  fleet: ".fleet tbody tr",
  instrument: ".chart canvas",
  measurement: ".provenance tr",
};

async function visit(name, options, use) {
  const { page, seen, close } = await openPage(chrome.browser, base, options);
  try {
    await page.goto(base + addresses()[name]);
    await page.waitForSelector(ready[name]);
    await page.waitForFunction(() => [...document.images].every((i) => i.complete));
    await use(page, seen);
    assert.deepEqual(seen.errors, [], "the console stays empty");
    assert.deepEqual(seen.foreign, [], "no request leaves the host");
  } finally {
    await close();
  }
}

test("fleet: every instrument with its verdicts, and no word without its shape", async () => {
  await visit("fleet", {}, async (page, seen) => {
    const text = await page.innerText("main");
    for (const item of fleet.items) assert.ok(text.includes(item.name || item.id), item.name);
    for (const profile of fleet.profiles) assert.ok(text.includes(profile.name), profile.name);
    const marks = await page.$$eval(".v", (all) => all.map((v) => [Boolean(v.querySelector("svg")), v.textContent.trim()]));
    assert.ok(marks.length >= fleet.items.length);
    for (const [shape, word] of marks) assert.ok(shape && word, `shape and word: ${word}`);
    const policy = [...seen.policies].join();
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe-/);
    await screenshot(page, "fleet");
  });
});

test("fleet: a cell opens its reasons in place, by keyboard", async () => {
  await visit("fleet", {}, async (page) => {
    await page.focus("button.open >> nth=0");
    await page.keyboard.press("Enter");
    await page.waitForSelector("tr.wide");
    assert.equal(await page.getAttribute("button.open >> nth=0", "aria-expanded"), "true");
    await screenshot(page, "fleet-reasons");
  });
});

test("fleet: filters stand in the address, and back undoes a choice", async () => {
  await visit("fleet", {}, async (page) => {
    await page.click(".chip >> nth=1");
    assert.match(page.url(), /verdict=/);
    await page.goBack();
    assert.doesNotMatch(page.url(), /verdict=/);
    await page.fill("input[type=search]", "no instrument has this word");
    await page.waitForSelector("text=No instrument matches");
    assert.match(page.url(), /q=no/);
  });
});

test("instrument: values, limits, chart and what is due", async () => {
  await visit("instrument", {}, async (page) => {
    const text = await page.innerText("main");
    assert.ok(text.includes(instrument.name || instrument.id));
    for (const c of instrument.configurations) assert.ok(text.includes(c.name || c.id), c.id);
    assert.match(text, /Latest .* on \d+ \w+ \d{4}/);
    const judged = instrument.configurations.flatMap((c) => c.quantities).filter((q) => q.judges);
    const values = await page.$$eval(".configuration data", (all) => all.map((d) => Number(d.value)));
    for (const q of judged) assert.ok(values.includes(q.value), `the page holds the record's ${q.value}`);
    await screenshot(page, "instrument");
  });
});

test("instrument: the chart is walked with the arrow keys, and Enter opens the measurement", async () => {
  await visit("instrument", {}, async (page) => {
    await page.focus(".chart");
    await page.keyboard.press("End");
    const last = await page.getAttribute(".chart", "aria-valuetext");
    const count = Number(await page.getAttribute(".chart", "aria-valuemax"));
    assert.ok((await page.innerText(".readout")).includes(last));
    if (count > 1) {
      await page.keyboard.press("ArrowLeft");
      assert.equal(Number(await page.getAttribute(".chart", "aria-valuenow")), count - 1);
    }
    await page.keyboard.press("Home");
    assert.equal(await page.getAttribute(".chart", "aria-valuenow"), "1");
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/measurements\//);
    await page.waitForSelector(ready.measurement);
    await page.goBack();
    await page.waitForSelector(ready.instrument);
  });
});

test("instrument: the chosen quantity stands in the address", async () => {
  await visit("instrument", {}, async (page) => {
    const options = await page.$$eval(".chooser option", (all) => all.map((o) => o.value));
    if (options.length < 2) return;
    await page.selectOption(".chooser select", options[1]);
    await page.waitForURL(/quantity=/);
    await page.reload();
    await page.waitForSelector(ready.instrument);
    assert.equal(await page.$eval(".chooser select", (s) => s.value), options[1]);
  });
});

test("measurement: what was seen, what it means, where it comes from", async () => {
  await visit("measurement", {}, async (page) => {
    const text = await page.innerText("main");
    for (const file of measurement.raw) assert.ok(text.includes(file.sha256), "digest of the raw file");
    assert.equal(await page.$$eval("figure img", (all) => all.filter((i) => i.naturalWidth > 0).length), measurement.pictures.length);
    const values = await page.$$eval(".meaning data", (all) => all.map((d) => Number(d.value)));
    for (const q of measurement.document.quantities) assert.ok(values.includes(q.value), `${q.id} ${q.value}`);
    const link = await page.getAttribute("a:has-text('verbatim')", "href");
    const event = await json(link);
    assert.ok(JSON.stringify(event).includes(measurement.raw[0].sha256), "the journal's own bytes");
    await screenshot(page, "measurement");
  });
});

test("as of an earlier day: a banner, and every request asks for it", async () => {
  const { page, seen, close } = await openPage(chrome.browser, base);
  const asked = [];
  page.on("request", (r) => r.url().includes("/api/v1/instruments") && asked.push(r.url()));
  await page.goto(`${base}/instruments?as_of=${encodeURIComponent(fleet.as_of)}`);
  await page.waitForSelector(".asof-banner");
  await page.waitForSelector("a[href*='as_of=']");
  assert.ok(asked.length > 0 && asked.every((url) => url.includes("as_of=")));
  assert.deepEqual(seen.errors, []);
  await close();
});

for (const name of ["fleet", "instrument", "measurement"]) {
  for (const dark of [false, true]) {
    test(`${name}: axe-core finds nothing, ${dark ? "dark" : "light"}`, async () => {
      await visit(name, { dark }, async (page) => {
        for (const summary of await page.$$("main details:not([open]) > summary")) await summary.click();
        assert.deepEqual(await accessibilityFindings(page), []);
        if (dark) await screenshot(page, `${name}-dark`);
      });
    });
  }
  test(`${name}: 320 px and no sideways scrolling`, async () => {
    await visit(name, { width: 320, height: 720 }, async (page) => {
      for (const width of [320, 305]) { // 305: what a scroll bar leaves of 320
        await page.setViewportSize({ width, height: 720 });
        assert.equal(await overflow(page), 0, `${width} px`);
      }
      await page.setViewportSize({ width: 320, height: 720 });
      assert.deepEqual(await accessibilityFindings(page), []);
      await screenshot(page, `${name}-narrow`);
    });
  });
}
