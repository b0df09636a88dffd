import assert from "node:assert/strict";
import test from "node:test";
import * as time from "../../../dashboards/web/src/format/time.ts";

const plainSpaces = (text: string) => text.replace(/\u202f/g, " ");
const kLisbon = "Europe/Lisbon";

test("times stand in the facility's zone, summer time included", () => {
  assert.equal(time.minute("2026-07-01T12:00:00Z", kLisbon), "1 Jul 2026 13:00");
  assert.equal(time.minute("2026-11-21T08:52:00Z", kLisbon), "21 Nov 2026 08:52");
  assert.equal(time.minute("2026-11-21T23:30:00Z", "Europe/Berlin"), "22 Nov 2026 00:30");
  assert.equal(time.minute("2026-11-21T00:00:00Z", "UTC"), "21 Nov 2026 00:00");
  assert.equal(time.minute(null, kLisbon), "–");
  assert.equal(time.minute("not a time", kLisbon), "–");
  assert.equal(time.minute("2026-11-21T08:52:00Z", "Nowhere/Atall"), "21 Nov 2026 08:52");
});

test("the end of a day is found on days that are 23 and 25 hours long", () => {
  assert.equal(time.endOfDay("2026-11-21", kLisbon), "2026-11-21T23:59:59Z");
  assert.equal(time.endOfDay("2026-03-29", kLisbon), "2026-03-29T22:59:59Z");
  assert.equal(time.endOfDay("2026-10-25", kLisbon), "2026-10-25T23:59:59Z");
  assert.equal(time.endOfDay("2026-10-25", "America/Los_Angeles"), "2026-10-26T06:59:59Z");
  assert.equal(time.endOfDay("soon", kLisbon), null);
});

test("lists tell times relative to now", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  assert.equal(plainSpaces(time.relative("2026-11-19T12:00:00Z", now)), "3 d ago");
  assert.equal(plainSpaces(time.relative("2026-11-24T13:00:00Z", now)), "in 2 d");
  assert.equal(plainSpaces(time.relative("2026-11-22T11:18:00Z", now)), "42 min ago");
  assert.equal(time.relative("2026-11-22T12:00:20Z", now), "now");
  assert.equal(time.shortDay("2026-11-19T12:00:00Z", kLisbon, now), "19 Nov");
  assert.equal(time.shortDay("2024-11-19T12:00:00Z", kLisbon, now), "19 Nov 2024");
});

test("axis labels name the year once and again when it changes", () => {
  const months = ["2025-11-01", "2026-01-01", "2026-03-01"].map((d) => Date.parse(d) / 1000);
  assert.deepEqual(time.axisLabels(months, "UTC"), ["Nov 2025", "Jan 2026", "Mar"]);
});
