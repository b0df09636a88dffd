import assert from "node:assert/strict";
import test from "node:test";
import { decisionReason } from "../../../dashboards/web/src/vocabulary.ts";

test("a reason of a decision names its quantity or its setting", () => {
  assert.equal(decisionReason("fail:psf.fwhm.z"), "FWHM z is outside its limit");
  assert.equal(decisionReason("warning:illumination.uniformity"), "Uniformity reached its warning limit");
  assert.equal(decisionReason("settings_differ:z_step_um"), "Step z (µm) differs from the procedure");
  assert.equal(decisionReason("fail:ours.lamp_hours"), "ours.lamp_hours is outside its limit");
});

test("a finding that waits for review is said in words", () => {
  assert.equal(decisionReason("finding:dust"), "A finding waits for review: dust");
  assert.equal(decisionReason("finding:odd_thing"), "A finding waits for review: odd thing");
});

test("a reason by itself keeps its words, an unknown one its code", () => {
  assert.equal(decisionReason("limits_missing"), "No limits are set");
  assert.equal(decisionReason("too_few"), "too few objects");
  assert.equal(decisionReason("some_new_code"), "some new code");
});
