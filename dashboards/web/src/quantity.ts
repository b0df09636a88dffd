// A quantity in words: its name, what it is of, its expanded uncertainty, its place in its limits.

import { chosen, withUnit } from "./format/number.ts";
import { texts } from "./texts.ts";
import type { LatestQuantity, Limit, Qualifiers, Valued } from "./types.ts";

export interface Expanded {
  U: number | null;
  k: number;
  /** Only the estimate part is known: no repeat study stands behind it. */
  estimateOnly: boolean;
}

const number = (x: unknown): number | null =>
  typeof x === "number" && Number.isFinite(x) ? x : null;

/** The expanded uncertainty U = k u, from what the record holds. */
export function expanded(q: Valued, coverage = 2): Expanded {
  const k = number(q.k) ?? coverage;
  const parts = q.u_parts ?? null;
  const estimate = number(parts?.estimate);
  const reproducibility = number(parts?.reproducibility);
  const estimateOnly = estimate !== null && reproducibility === null;
  const u = number(q.u) ?? estimate;
  const U = number(q.U) ?? (u === null ? null : k * u);
  return { U, k, estimateOnly };
}

export function nameOf(id: string, given?: string | null): string {
  return given || texts.quantity[id] || id;
}

/** "561 nm, at 10 %, against Rayleigh": what distinguishes two entries of one quantity. */
export function qualifierWords(of: Qualifiers | null | undefined): string {
  if (!of) return "";
  const words: string[] = [];
  for (const [key, value] of Object.entries(of)) {
    const text = Array.isArray(value) ? value.join(" → ") : String(value);
    const write = texts.qualifier[key];
    words.push(write ? write(text) : `${key.replace(/_/g, " ")} ${text}`);
  }
  return words.join(", ");
}

/** RFC 8785 text of what a quantity is of: how the service names one series among several. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(",")}}`;
}

export function qualifierKey(of: Qualifiers | null | undefined): string | null {
  return of && Object.keys(of).length > 0 ? canonical(of) : null;
}

export function channelWords(q: Valued): string {
  if (q.channel_name) return q.channel_name;
  return number(q.channel) === null ? "" : texts.channelNumber(Number(q.channel));
}

/** Everything after the name, in one string. */
export function detailWords(q: Valued): string {
  return [channelWords(q), qualifierWords(q.of)].filter(Boolean).join(", ");
}

export function limitWords(limit: Limit | null | undefined, unit: string | null | undefined): string {
  const lower = number(limit?.lower);
  const upper = number(limit?.upper);
  if (lower !== null && upper !== null) {
    return withUnit(`${chosen(lower)} … ${chosen(upper)}`, unit);
  }
  if (upper !== null) return withUnit(`≤ ${chosen(upper)}`, unit);
  if (lower !== null) return withUnit(`≥ ${chosen(lower)}`, unit);
  return "";
}

/** How near to its limit a value is: 1 on the limit, above 1 outside; null when not judged. */
export function usedShare(q: Valued): number | null {
  const value = number(q.value);
  const lower = number(q.limit?.lower);
  const upper = number(q.limit?.upper);
  if (value === null || (lower === null && upper === null)) return null;
  if (lower !== null && upper !== null) {
    const half = (upper - lower) / 2;
    return half > 0 ? Math.abs(value - (lower + half)) / half : null;
  }
  if (upper !== null) return upper > 0 ? value / upper : null;
  if (lower !== null && lower > 0) return value === 0 ? Infinity : lower / value;
  return null;
}

const kOutcomeRank: Record<string, number> = {
  fail: 0,
  conditional_fail: 1,
  method_not_capable: 2,
  conditional_pass: 3,
  pass: 4,
};

export function outcomeRank(outcome: string | null | undefined): number {
  if (!outcome) return 5;
  return kOutcomeRank[outcome] ?? 2;
}

/** Judged ones first, the worst off first among them. */
export function byConcern(a: LatestQuantity, b: LatestQuantity): number {
  const judged = Number(Boolean(b.judges)) - Number(Boolean(a.judges));
  if (judged !== 0) return judged;
  if (!a.judges) return 0;
  const outcome = outcomeRank(a.outcome) - outcomeRank(b.outcome);
  if (outcome !== 0) return outcome;
  return (usedShare(b) ?? 0) - (usedShare(a) ?? 0);
}
