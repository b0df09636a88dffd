// The control chart without a canvas: its points, its limits as steps, its range, its sentence.

import { chosen, plain, valueWithU, withUnit } from "../format/number.ts";
import { day, minute } from "../format/time.ts";
import { texts } from "../texts.ts";
import type { Series, SeriesPoint } from "../types.ts";

export type PointShape = "pass" | "conditional" | "fail" | "unknown" | "none";

export interface Point extends SeriesPoint {
  seconds: number;
  U: number | null;
  shape: PointShape;
}

/** One stretch of time in which a limit did not change. */
export interface Step {
  from: number; // seconds; -Infinity is the chart's left edge
  to: number; // seconds; Infinity is the right edge
  value: number;
}

const kShapes: Record<string, PointShape> = {
  pass: "pass",
  conditional_pass: "conditional",
  conditional_fail: "fail",
  fail: "fail",
};

export function shapeOf(outcome: string | null | undefined): PointShape {
  if (!outcome) return "none";
  return kShapes[outcome] ?? "unknown";
}

/** Points in order of acquisition; what has no finite value cannot stand on a chart. */
export function pointsOf(series: Series, coverage = 2): Point[] {
  return series.points
    .filter((p) => Number.isFinite(p.value) && Number.isFinite(Date.parse(p.t)))
    .map((p) => ({
      ...p,
      seconds: Date.parse(p.t) / 1000,
      U: p.U ?? (typeof p.u === "number" ? coverage * p.u : null),
      shape: shapeOf(p.outcome),
    }))
    .sort((a, b) => a.seconds - b.seconds);
}

/** A limit holds from the point that it judged until the next point with another one. */
export function stepsOf(points: Point[], side: "lower" | "upper"): Step[] {
  const steps: Step[] = [];
  points.forEach((point, n) => {
    const value = point[side];
    const last = steps[steps.length - 1];
    const from = n === 0 ? -Infinity : point.seconds;
    if (last && last.to === Infinity) {
      if (last.value === value) return;
      last.to = point.seconds;
    }
    if (typeof value === "number") steps.push({ from, to: Infinity, value });
  });
  return steps;
}

export interface Range {
  min: number;
  max: number;
  /** Limits that would squash the points are told in words instead. */
  hidden: number[];
}

/** Room for every whisker, and for the limits unless they lie very far away. */
export function rangeOf(points: Point[]): Range {
  if (points.length === 0) return { min: 0, max: 1, hidden: [] };
  const low = Math.min(...points.map((p) => p.value - (p.U ?? 0)));
  const high = Math.max(...points.map((p) => p.value + (p.U ?? 0)));
  const limits = [...stepsOf(points, "lower"), ...stepsOf(points, "upper")].map((s) => s.value);
  const spread = high - low || Math.abs(high) * 0.1 || 1;
  const near = (limit: number) => limit > low - 8 * spread && limit < high + 8 * spread;
  const min = Math.min(low, ...limits.filter(near));
  const max = Math.max(high, ...limits.filter(near));
  const margin = 0.08 * (max - min || Math.abs(max) || 1);
  return {
    min: min >= 0 && min - margin < 0 ? 0 : min - margin,
    max: max + margin,
    hidden: [...new Set(limits.filter((l) => !near(l)))],
  };
}

/** What the arrow keys read out. */
export function readout(point: Point, unit: string | null | undefined, zone: string): string {
  const outcome = point.outcome
    ? (texts.outcome[point.outcome] ?? point.outcome)
    : texts.chart.notJudged;
  return `${minute(point.seconds * 1000, zone)}: ${valueWithU(point.value, point.U, unit)}, ${outcome}`;
}

function share(point: Point): string {
  const { lower, upper, value } = point;
  if (typeof lower === "number" && typeof upper === "number") return "";
  if (typeof upper !== "number" || !(upper > 0) || value < 0) return "";
  return texts.chart.ofLimit(plain(value / upper, 2));
}

export function limitText(value: number, unit: string | null | undefined): string {
  return withUnit(chosen(value), unit);
}

/** One plain sentence under the chart. */
export function sentence(points: Point[], unit: string | null | undefined, zone: string): string {
  const last = points[points.length - 1];
  const first = points[0];
  if (!last || !first) return texts.chart.none;
  const bad = points.filter((p) => p.shape === "fail").length;
  const judged = points.some((p) => p.shape !== "none");
  const outcome = last.outcome ? (texts.outcome[last.outcome] ?? last.outcome).toLowerCase() : "";
  const latest = valueWithU(last.value, last.U, unit);
  const counted = texts.chart.count(points.length, day(first.seconds * 1000, zone));
  const verdict = bad > 0 ? texts.chart.bad(bad) : texts.chart.noneBad;
  return texts.chart.sentence(
    latest,
    day(last.seconds * 1000, zone),
    [outcome, outcome && share(last)].filter(Boolean).join(", "),
    `${counted}${judged ? `, ${verdict}` : ""}.`,
  );
}
