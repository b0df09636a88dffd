import assert from "node:assert/strict";
import test from "node:test";
import type { ProfileVerdict, Verdict } from "../../../dashboards/web/src/types.ts";
import * as verdicts from "../../../dashboards/web/src/verdict.ts";

const kNow = Date.parse("2026-11-22T12:00:00Z");
const make = (verdict: Verdict, more: Partial<ProfileVerdict> = {}): ProfileVerdict => ({
  profile: "routine", verdict, reasons: [], ...more,
});

test("a good verdict turns Unknown by itself when its validity has passed", () => {
  for (const word of ["in_spec", "in_spec_with_conditions"] as const) {
    const v = make(word, { valid_until: "2026-11-22T12:00:01Z" });
    assert.equal(verdicts.aged(v, kNow).verdict, word);
    const later = verdicts.aged(v, kNow + 2000);
    assert.equal(later.verdict, "unknown");
    assert.equal(later.reasons?.[0]?.code, "validity_ended");
  }
});

test("the age of the data grows in an open page", () => {
  const v = make("in_spec", { data_age_s: 100 });
  assert.equal(verdicts.aged(v, kNow, kNow - 50_000).data_age_s, 150);
  assert.equal(verdicts.aged(v, kNow).data_age_s, 100);
});

test("a bad verdict does not become better with age", () => {
  const v = make("out_of_spec", { valid_until: "2020-01-01T00:00:00Z" });
  assert.equal(verdicts.aged(v, kNow).verdict, "out_of_spec");
  const scope = make("not_in_scope", { valid_until: "2020-01-01T00:00:00Z" });
  assert.equal(verdicts.aged(scope, kNow).verdict, "not_in_scope");
});

test("a word that the pages do not know is Unknown, never in spec", () => {
  assert.equal(verdicts.known("splendid"), "unknown");
  assert.equal(verdicts.known(undefined), "unknown");
  assert.equal(verdicts.aged(make("splendid" as Verdict), kNow).verdict, "unknown");
});

test("while the record cannot be reached nothing is known", () => {
  for (const word of ["in_spec", "in_spec_with_conditions", "out_of_spec", "unknown"] as const) {
    const v = verdicts.unreachable(make(word), "08:12");
    assert.equal(v.verdict, "unknown");
    assert.equal(v.reasons?.[0]?.code, "record_unreachable");
  }
  assert.equal(verdicts.unreachable(make("not_in_scope"), "08:12").verdict, "not_in_scope");
});

test("trouble comes first, then names as people count", () => {
  const item = (name: string, word: Verdict) => ({ id: name, name, verdicts: [make(word)] });
  const order = [
    item("LSM 10", "in_spec"), item("LSM 2", "in_spec"), item("Z", "out_of_spec"),
    item("Y", "in_spec_with_conditions"), item("X", "unknown"), item("A", "not_in_scope"),
  ].sort(verdicts.byTrouble).map((i) => i.name);
  assert.deepEqual(order, ["Z", "X", "Y", "LSM 2", "LSM 10", "A"]);
});

test("an instrument without any verdict was never looked at", () => {
  assert.equal(verdicts.overall([]), "unknown");
});

test("the worst of several configurations answers for a profile", () => {
  const list = [make("in_spec", { configuration: "a" }), make("unknown", { configuration: "b" })];
  assert.equal(verdicts.ofProfile(list, "routine")?.configuration, "b");
  assert.equal(verdicts.ofProfile(list, "other"), null);
});

test("a suspect run reads as being checked, only where that is what decides", () => {
  const suspect = { code: "qc_suspect", severity: "unknown" as const };
  const failed = { code: "qc_failed", severity: "out_of_spec" as const };
  assert.equal(verdicts.wordOf(make("unknown", { reasons: [suspect] })), "Being checked");
  assert.equal(verdicts.wordOf(make("out_of_spec", { reasons: [suspect, failed] })), "Out of spec");
});
