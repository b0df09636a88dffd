// What a page may still say about a verdict: it ages by itself, also in a page left open overnight.

import type { InstrumentItem, ProfileVerdict, Reason, Verdict } from "./types.ts";
import { texts } from "./texts.ts";

/** Worst first; the order in which lists put trouble. */
const kRank: Record<Verdict, number> = {
  out_of_spec: 0,
  unknown: 1,
  in_spec_with_conditions: 2,
  in_spec: 3,
  not_in_scope: 4,
};

export const kVerdicts = Object.keys(kRank) as Verdict[];

/** A word the pages do not know is no evidence of anything. */
export function known(verdict: string | null | undefined): Verdict {
  return verdict && verdict in kRank ? (verdict as Verdict) : "unknown";
}

export function rank(verdict: Verdict): number {
  return kRank[verdict];
}

/** Verdicts that say "yes" for a while, and so have a validity to show. */
export function holds(verdict: Verdict): boolean {
  return verdict === "in_spec" || verdict === "in_spec_with_conditions";
}

export function needsPeople(verdict: Verdict): boolean {
  return rank(verdict) < rank("in_spec");
}

/**
 * The record's answer to a reader at `now`: past its validity a good verdict is Unknown, and the age
 * of its data has grown since it was answered.
 */
export function aged(given: ProfileVerdict, now: number, answeredAt = now): ProfileVerdict {
  const verdict = known(given.verdict);
  const age = given.data_age_s;
  const older = Math.max(0, (now - answeredAt) / 1000);
  const v = typeof age === "number" ? { ...given, data_age_s: age + older } : given;
  const ends = v.valid_until ? Date.parse(v.valid_until) : NaN;
  if (!holds(verdict) || !(ends < now)) return { ...v, verdict };
  const lapsed: Reason = {
    code: "validity_ended",
    severity: "unknown",
    text: texts.reason.validityEnded,
    since: v.valid_until,
  };
  return { ...v, verdict: "unknown", reasons: [lapsed, ...(v.reasons ?? [])] };
}

/** What remains when the record cannot be asked: nothing is known, the last answer is a memory. */
export function unreachable(v: ProfileVerdict, lastContact: string): ProfileVerdict {
  if (known(v.verdict) === "not_in_scope") return v;
  const word = texts.verdict[known(v.verdict)];
  const reason: Reason = {
    code: "record_unreachable",
    severity: "unknown",
    text: texts.reason.recordUnreachable(word, lastContact),
  };
  return { ...v, verdict: "unknown", reasons: [reason, ...(v.reasons ?? [])] };
}

export function worst(verdicts: ProfileVerdict[]): ProfileVerdict | null {
  let found: ProfileVerdict | null = null;
  for (const v of verdicts) {
    if (!found || rank(known(v.verdict)) < rank(known(found.verdict))) found = v;
  }
  return found;
}

/** The verdict of one profile; the worst where the record answers for several configurations. */
export function ofProfile(verdicts: ProfileVerdict[], profile: string): ProfileVerdict | null {
  return worst(verdicts.filter((v) => v.profile === profile));
}

/** Reasons with the worst first; equal ones stay in the record's order. */
export function sortedReasons(v: ProfileVerdict): Reason[] {
  return [...(v.reasons ?? [])].sort((a, b) => rank(known(a.severity)) - rank(known(b.severity)));
}

/** The word beside the shape: some reasons have a plainer word than their verdict. */
export function wordOf(v: ProfileVerdict): string {
  const verdict = known(v.verdict);
  const first = sortedReasons(v).find((reason) => known(reason.severity) === verdict);
  const special = first ? texts.verdictByReason[first.code] : undefined;
  return special ?? texts.verdict[verdict];
}

/** An instrument none of whose profiles has an answer was never looked at. */
export function overall(verdicts: ProfileVerdict[]): Verdict {
  const v = worst(verdicts);
  return v ? known(v.verdict) : "unknown";
}

/** Trouble first, then by name as people count ("LSM 2" before "LSM 10"). */
export function byTrouble(a: InstrumentItem, b: InstrumentItem): number {
  const difference = rank(overall(a.verdicts ?? [])) - rank(overall(b.verdicts ?? []));
  if (difference !== 0) return difference;
  return (a.name || a.id).localeCompare(b.name || b.id, "en", { numeric: true });
}
