import assert from "node:assert/strict";
import test from "node:test";
import * as quantity from "../../../dashboards/web/src/quantity.ts";
import type { LatestQuantity } from "../../../dashboards/web/src/types.ts";

const plainSpaces = (text: string) => text.replace(/\u202f/g, " ");
const of = (more: Partial<LatestQuantity>): LatestQuantity => ({
  quantity: "q", definition: "d/1", value: 1, ...more,
});

test("an uncertainty without reproducibility is an estimate only, and says so", () => {
  assert.deepEqual(quantity.expanded(of({ u_parts: { estimate: 0.1 } })), { U: 0.2, k: 2, estimateOnly: true });
  const full = of({ u: 0.3, U: 0.6, k: 2, u_parts: { estimate: 0.1, reproducibility: 0.28 } });
  assert.deepEqual(quantity.expanded(full), { U: 0.6, k: 2, estimateOnly: false });
  assert.equal(quantity.expanded(of({})).U, null);
});

test("limits on one side or two", () => {
  assert.equal(plainSpaces(quantity.limitWords({ upper: 1.5 }, "1")), "≤ 1.5");
  assert.equal(plainSpaces(quantity.limitWords({ lower: 0.9 }, "um")), "≥ 0.9 µm");
  assert.equal(plainSpaces(quantity.limitWords({ lower: 7, upper: 9 }, "mW")), "7 … 9 mW");
  assert.equal(quantity.limitWords(null, "mW"), "");
});

test("the judged quantity that is worst off comes first", () => {
  const list = [
    of({ quantity: "free" }),
    of({ quantity: "near", judges: true, outcome: "pass", value: 1.4, limit: { upper: 1.5 } }),
    of({ quantity: "far", judges: true, outcome: "pass", value: 1.0, limit: { upper: 1.5 } }),
    of({ quantity: "low", judges: true, outcome: "pass", value: 0.91, limit: { lower: 0.9 } }),
    of({ quantity: "bad", judges: true, outcome: "fail", value: 2, limit: { upper: 1.5 } }),
  ];
  assert.deepEqual(list.sort(quantity.byConcern).map((q) => q.quantity), ["bad", "low", "near", "far", "free"]);
});

test("a series is named by canonical JSON, keys in order", () => {
  assert.equal(quantity.qualifierKey({ setting_percent: 10, line_nm: 488 }), '{"line_nm":488,"setting_percent":10}');
  assert.equal(quantity.qualifierKey({ channels: ["a", "b"] }), '{"channels":["a","b"]}');
  assert.equal(quantity.qualifierKey({}), null);
});

test("qualifiers read as people say them", () => {
  assert.equal(plainSpaces(quantity.qualifierWords({ line_nm: 488, setting_percent: 10 })), "488 nm, at 10 %");
  assert.equal(quantity.qualifierWords({ odd_key: 3 }), "odd key 3");
});
