import assert from "node:assert/strict";
import test from "node:test";
import * as model from "../../../dashboards/web/src/chart/model.ts";
import type { Series } from "../../../dashboards/web/src/types.ts";

const series = (points: Partial<model.Point>[]): Series => ({
  subject: "a/b", quantity: "psf.fwhm.z", definition: "etalon.gauss3d/1", unit: "um",
  points: points.map((p, n) => ({ t: `2026-01-0${n + 1}T00:00:00Z`, value: 1, ...p })),
});

test("a limit holds until the point that another one judged", () => {
  const points = model.pointsOf(series([{ upper: 2 }, { upper: 2 }, { upper: 1.5 }, {}]));
  const at = (n: number) => points[n]?.seconds;
  assert.deepEqual(model.stepsOf(points, "upper"), [
    { from: -Infinity, to: at(2), value: 2 },
    { from: at(2), to: at(3), value: 1.5 },
  ]);
  assert.deepEqual(model.stepsOf(points, "lower"), []);
});

test("a last limit reaches the right edge", () => {
  const points = model.pointsOf(series([{}, { lower: 0.5 }, { lower: 0.5 }]));
  assert.deepEqual(model.stepsOf(points, "lower"), [
    { from: points[1]?.seconds, to: Infinity, value: 0.5 },
  ]);
});

test("the range has room for whiskers and near limits, and tells of far ones", () => {
  const range = model.rangeOf(model.pointsOf(series([{ U: 0.1, upper: 1.4 }, { U: 0.1, upper: 40 }])));
  assert.ok(range.min < 0.9 && range.max > 1.4 && range.max < 5);
  assert.deepEqual(range.hidden, [40]);
});

test("every outcome has its own shape, an unknown one is never a pass", () => {
  assert.equal(model.shapeOf("pass"), "pass");
  assert.equal(model.shapeOf("conditional_fail"), "fail");
  assert.equal(model.shapeOf("method_not_capable"), "unknown");
  assert.equal(model.shapeOf("brilliant"), "unknown");
  assert.equal(model.shapeOf(null), "none");
});

test("the sentence says the latest value, its decision and how many failed", () => {
  const points = model.pointsOf(series([
    { value: 1.2, U: 0.05, upper: 1.5, outcome: "pass" },
    { value: 1.62, U: 0.05, upper: 1.5, outcome: "fail" },
  ]));
  assert.equal(
    model.sentence(points, "um", "UTC").replace(/\u202f/g, " "),
    "Latest 1.620 ± 0.050 µm on 2 Jan 2026: fail, 1.1 of the limit. 2 points since 1 Jan 2026, one outside its limits.",
  );
  assert.match(model.sentence([], "um", "UTC"), /No point/);
});

test("points come in order of acquisition; what is no number stands on no chart", () => {
  const points = model.pointsOf(series([
    { t: "2026-02-01T00:00:00Z" }, { t: "2026-01-01T00:00:00Z", value: 3 }, { value: NaN }, { t: "never" },
  ]));
  assert.deepEqual(points.map((p) => p.value), [3, 1]);
});
