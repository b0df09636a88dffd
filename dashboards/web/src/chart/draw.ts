// What uPlot does not draw: shaded ground outside the limits, limits as steps, whiskers, and one
// shape an outcome, so that colour never stands alone.

import type uPlot from "uplot";
import { limitText, stepsOf, type Point, type PointShape, type Range } from "./model.ts";
import { texts } from "../texts.ts";

export interface Palette {
  ink: string;
  line: string;
  ground: string;
  shade: string;
  limit: string;
  focus: string;
  shape: Record<PointShape, string>;
}

/** The colours of the page as it is shown now: light, dark or on paper. */
export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: token("--ink-2"),
    line: token("--line"),
    ground: token("--bg"),
    shade: token("--out-t"),
    limit: token("--out"),
    focus: token("--focus"),
    shape: {
      pass: token("--in"),
      conditional: token("--cond"),
      fail: token("--out"),
      unknown: token("--unk"),
      none: token("--ink-2"),
    },
  };
}

interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
}

const clampTo = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));

function stepEdges(u: uPlot, from: number, to: number, box: Frame): [number, number] {
  const x = (seconds: number, open: number) =>
    Number.isFinite(seconds) ? clampTo(u.valToPos(seconds, "x", true), box.left, box.left + box.width) : open;
  return [x(from, box.left), x(to, box.left + box.width)];
}

/** The ground outside the limits, before anything else is drawn. */
export function shade(u: uPlot, points: Point[], colours: Palette): void {
  const box = u.bbox;
  u.ctx.save();
  u.ctx.fillStyle = colours.shade;
  for (const side of ["lower", "upper"] as const) {
    for (const step of stepsOf(points, side)) {
      const [left, right] = stepEdges(u, step.from, step.to, box);
      const y = clampTo(u.valToPos(step.value, "y", true), box.top, box.top + box.height);
      if (side === "upper") u.ctx.fillRect(left, box.top, right - left, y - box.top);
      else u.ctx.fillRect(left, y, right - left, box.top + box.height - y);
    }
  }
  u.ctx.restore();
}

export function limits(
  u: uPlot, points: Point[], range: Range, unit: string | null | undefined, colours: Palette,
  ratio: number,
): void {
  const { ctx, bbox: box } = u;
  ctx.save();
  ctx.strokeStyle = colours.limit;
  ctx.fillStyle = colours.limit;
  ctx.lineWidth = 1.5 * ratio;
  ctx.font = `${12 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  for (const side of ["lower", "upper"] as const) {
    let before: { x: number; y: number } | null = null;
    for (const step of stepsOf(points, side)) {
      if (range.hidden.includes(step.value)) continue;
      const [left, right] = stepEdges(u, step.from, step.to, box);
      const y = u.valToPos(step.value, "y", true);
      ctx.beginPath();
      if (before && before.x === left) ctx.moveTo(before.x, before.y);
      else ctx.moveTo(left, y);
      ctx.lineTo(left, y);
      ctx.lineTo(right, y);
      ctx.stroke();
      before = { x: right, y };
      if (step.to !== Infinity) continue;
      const text = texts.chart.limit(limitText(step.value, unit));
      const base = side === "upper" ? y - 6 * ratio : y + 15 * ratio;
      ctx.strokeStyle = colours.shade;
      ctx.lineWidth = 4 * ratio;
      ctx.strokeText(text, right - 6 * ratio, base); // readable on top of points
      ctx.fillText(text, right - 6 * ratio, base);
      ctx.strokeStyle = colours.limit;
      ctx.lineWidth = 1.5 * ratio;
    }
  }
  ctx.restore();
}

/** One shape an outcome: disc, half disc, square with a cross, dashed ring, open diamond. */
export function shape(
  ctx: CanvasRenderingContext2D, kind: PointShape, x: number, y: number, r: number,
  colour: string, ground: string,
): void {
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = ground;
  ctx.lineWidth = r / 3;
  ctx.beginPath();
  if (kind === "fail") ctx.rect(x - r, y - r, 2 * r, 2 * r);
  else if (kind === "none") polygon(ctx, x, y, r);
  else ctx.arc(x, y, r, 0, 2 * Math.PI);
  ctx.fill();
  if (kind === "pass" || kind === "fail") {
    ctx.fillStyle = colour;
    ctx.fill();
  }
  if (kind === "unknown") ctx.setLineDash([r / 2, r / 2.4]);
  if (kind !== "pass" && kind !== "fail") ctx.stroke();
  if (kind === "conditional") {
    ctx.beginPath();
    ctx.arc(x, y, r, Math.PI / 2, 1.5 * Math.PI);
    ctx.fillStyle = colour;
    ctx.fill();
  }
  if (kind === "fail") {
    const arm = r * 0.48;
    ctx.strokeStyle = ground;
    ctx.beginPath();
    ctx.moveTo(x - arm, y - arm);
    ctx.lineTo(x + arm, y + arm);
    ctx.moveTo(x + arm, y - arm);
    ctx.lineTo(x - arm, y + arm);
    ctx.stroke();
  }
  ctx.restore();
}

function polygon(ctx: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  ctx.moveTo(x, y - r);
  ctx.lineTo(x + r, y);
  ctx.lineTo(x, y + r);
  ctx.lineTo(x - r, y);
  ctx.closePath();
}

export function points(
  u: uPlot, all: Point[], selected: number | null, colours: Palette, ratio: number,
): void {
  const { ctx, bbox: box } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left - 8 * ratio, box.top, box.width + 16 * ratio, box.height);
  ctx.clip();
  // Crowded points shrink, so that their shapes stay apart as long as they can.
  const r = clampTo(box.width / ratio / (2.4 * all.length), 2.5, 4.5) * ratio;
  all.forEach((point, n) => {
    const x = u.valToPos(point.seconds, "x", true);
    const colour = colours.shape[point.shape];
    if (point.U) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = ratio;
      ctx.beginPath();
      ctx.moveTo(x, u.valToPos(point.value - point.U, "y", true));
      ctx.lineTo(x, u.valToPos(point.value + point.U, "y", true));
      ctx.stroke();
    }
    const y = u.valToPos(point.value, "y", true);
    shape(ctx, point.shape, x, y, r, colour, colours.ground);
    if (n !== selected) return;
    ctx.strokeStyle = colours.focus;
    ctx.lineWidth = 2 * ratio;
    ctx.beginPath();
    ctx.arc(x, y, r + 4.5 * ratio, 0, 2 * Math.PI);
    ctx.stroke();
  });
  ctx.restore();
}
