// A value with its uncertainty, a time, a limit gauge: the small words of every table.

import { expanded, limitWords } from "../quantity.ts";
import { valueWithU, unitSymbol } from "../format/number.ts";
import { minute, relative } from "../format/time.ts";
import { texts } from "../texts.ts";
import type { Valued } from "../types.ts";

/** What is printed is rounded; the element carries the number of the record. */
export function Value({ q, coverage }: { q: Valued; coverage?: number }) {
  const { U, k, estimateOnly } = expanded(q, coverage);
  const text = valueWithU(q.value, U, q.unit);
  return (
    <span class="value">
      <data value={String(q.value ?? "")}>{text}</data>
      {U !== null && U > 0 && (
        <small>
          {" "}
          {estimateOnly ? (
            <abbr title={texts.estimateOnly}>{texts.estimateSymbol}</abbr>
          ) : (
            texts.coverage(k)
          )}
        </small>
      )}
    </span>
  );
}

export function Time({ at, zone }: { at: string | null | undefined; zone: string }) {
  if (!at) return <>–</>;
  return <time dateTime={at}>{minute(at, zone)}</time>;
}

export function Ago({ at, now, zone }: { at: string | null | undefined; now: number; zone: string }) {
  if (!at) return <>–</>;
  return (
    <time dateTime={at} title={minute(at, zone)}>
      {relative(at, now)}
    </time>
  );
}

export function Digest({ hex }: { hex: string | null | undefined }) {
  return hex ? <code class="digest">{hex}</code> : <>–</>;
}

const clamp = (x: number) => Math.min(1, Math.max(0, x));

/** Where the value stands in its limits: the band inside is light, whiskers are ± U. */
export function Gauge({ q }: { q: Valued }) {
  const lower = q.limit?.lower ?? null;
  const upper = q.limit?.upper ?? null;
  const value = q.value ?? null;
  if (value === null || (lower === null && upper === null)) return null;
  const U = expanded(q).U ?? 0;
  const ends = [value - U, value + U, ...[lower, upper].filter((x): x is number => x !== null)];
  const span = Math.max(...ends) - Math.min(...ends) || Math.abs(value) || 1;
  const from = Math.min(...ends) - 0.18 * span;
  const to = Math.max(...ends) + 0.18 * span;
  const kWidth = 120;
  const x = (y: number) => Math.round(clamp((y - from) / (to - from)) * kWidth * 10) / 10;
  const left = lower === null ? 0 : x(lower);
  const right = upper === null ? kWidth : x(upper);
  const inside = (lower === null || value >= lower) && (upper === null || value <= upper);
  const label = `${valueWithU(value, U, q.unit)}, ${limitWords(q.limit, q.unit)}`;
  return (
    <svg class="gauge" width={kWidth} height="18" viewBox={`0 0 ${kWidth} 18`} role="img" aria-label={label}>
      <rect class="gauge-out" x="0" y="3" width={kWidth} height="12" rx="2" />
      <rect class="gauge-in" x={left} y="3" width={Math.max(0, right - left)} height="12" />
      {lower !== null && <path class="gauge-limit" d={`M${left} 1v16`} />}
      {upper !== null && <path class="gauge-limit" d={`M${right} 1v16`} />}
      <g class={inside ? "in" : "out"}>
        {U > 0 && <path d={`M${x(value - U)} 9H${x(value + U)}`} stroke="currentColor" stroke-width="1.5" />}
        {inside ? (
          <circle cx={x(value)} cy="9" r="4" fill="currentColor" />
        ) : (
          <rect x={x(value) - 4} y="5" width="8" height="8" fill="currentColor" />
        )}
      </g>
    </svg>
  );
}

/** "FWHM x (µm)" for the head of a column or an axis. */
export function headWithUnit(name: string, unit: string | null | undefined): string {
  const symbol = unitSymbol(unit);
  return symbol ? `${name} (${symbol})` : name;
}
