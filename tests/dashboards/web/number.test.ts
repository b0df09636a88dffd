import assert from "node:assert/strict";
import test from "node:test";
import * as number from "../../../dashboards/web/src/format/number.ts";

const plainSpaces = (text: string) => text.replace(/\u202f/g, " ");
const written = (value: number, U: number | null, unit: string) =>
  plainSpaces(number.valueWithU(value, U, unit));

test("U has two significant digits and the value stops at the same place", () => {
  assert.equal(written(0.24703, 0.0060, "um"), "0.2470 ± 0.0060 µm");
  assert.equal(written(0.9183, 0.028, "um"), "0.918 ± 0.028 µm");
  assert.equal(written(131.2, 9.1, "nm"), "131.2 ± 9.1 nm");
  assert.equal(written(4567, 123, "mW"), "4570 ± 120 mW");
  assert.equal(written(1.62, 0.052, "1"), "1.620 ± 0.052");
});

test("rounding U up to the next power of ten keeps two digits", () => {
  assert.equal(written(1, 0.0996, "um"), "1.00 ± 0.10 µm");
  assert.equal(written(1, 0.00995, "um"), "1.000 ± 0.010 µm");
  assert.equal(written(250, 99.7, "um"), "250 ± 100 µm");
});

test("minus is the true sign, and zero has none", () => {
  assert.equal(written(-1.8, 0.4, "1/h"), "−1.80 ± 0.40 h⁻¹");
  assert.equal(written(-0.0001, 0.05, "um"), "0.000 ± 0.050 µm");
  assert.equal(plainSpaces(number.chosen(-2.5)), "−2.5");
});

test("groups of three are parted by thin spaces, four digits stand together", () => {
  assert.equal(number.chosen(1234), "1234");
  assert.equal(number.chosen(65535), "65\u202f535");
  assert.equal(number.chosen(1234567.5), "1\u202f234\u202f567.5");
});

test("very large and very small values share one power of ten", () => {
  assert.equal(written(1.234e-6, 2.1e-8, "W"), "(1.234 ± 0.021) × 10⁻⁶ W");
  assert.equal(written(3.2e9, 1.2e8, "1"), "(3.20 ± 0.12) × 10⁹");
});

test("without an uncertainty four digits are given and nothing is claimed", () => {
  assert.equal(written(0.247034, null, "um"), "0.2470 µm");
    assert.equal(written(Number.NaN, 1, "1"), "–");
});

test("counts have no decimals", () => {
  assert.equal(written(38, null, "1"), "38");
  assert.equal(written(65535, 0, "{px}"), "65 535 px");
});

test("a limit is written as it was chosen", () => {
  assert.equal(number.chosen(1.5), "1.5");
  assert.equal(number.chosen(0.1 + 0.2), "0.3");
});

test("units: one is not printed, degrees stand without a space", () => {
  assert.equal(number.unitSymbol("1"), "");
  assert.equal(number.unitSymbol("{electron}/{adu}"), "e⁻/ADU");
  assert.equal(number.withUnit("3.1", "deg"), "3.1°");
  assert.equal(number.unitSymbol("furlong"), "furlong");
});

test("a probability is never rounded to certainty", () => {
  assert.equal(plainSpaces(number.probability(0.999999)), "> 0.99");
  assert.equal(plainSpaces(number.probability(0.000002)), "< 0.01");
  assert.equal(number.probability(1), "1.00");
  assert.equal(number.probability(0.66263), "0.66");
  assert.equal(number.probability(null), "–");
});

test("bytes in decimal units", () => {
  assert.equal(plainSpaces(number.byteCount(33568244)), "33.6 MB");
  assert.equal(plainSpaces(number.byteCount(1)), "1 byte");
});
