// The objects of a measurement (beads): how many were kept, why others were not, where they lie.

import { useState } from "preact/hooks";
import { plain, withUnit } from "../format/number.ts";
import { Shape } from "../parts/marks.tsx";
import { Cell, Head, Row, Table } from "../parts/table.tsx";
import { headWithUnit } from "../parts/values.tsx";
import { nameOf } from "../quantity.ts";
import { texts } from "../texts.ts";
import type { MeasuredObject } from "../types.ts";

const t = texts.measurement;
const kFirst = 12;
const kColumns = 4;

export function countsByReason(objects: MeasuredObject[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const o of objects) {
    if (o.state === "kept") continue;
    const reason = o.reason ?? "";
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

const reasonWords = (reason: string) => texts.reject[reason] ?? reason.replace(/_/g, " ");

/** Where they lie: kept as discs, rejected as crosses; x right, y down. */
function FieldMap({ objects }: { objects: MeasuredObject[] }) {
  const placed = objects.filter((o) => (o.position_um ?? []).length >= 2);
  if (placed.length < 2) return null;
  const xs = placed.map((o) => o.position_um?.[0] ?? 0);
  const ys = placed.map((o) => o.position_um?.[1] ?? 0);
  const size = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)) || 1;
  const kBox = 200;
  const kMargin = 10;
  const at = (v: number, low: number) => kMargin + ((v - low) / size) * (kBox - 2 * kMargin);
  const kept = placed.filter((o) => o.state === "kept").length;
  return (
    <svg class="fieldmap" viewBox={`0 0 ${kBox} ${kBox}`} width={kBox} height={kBox} role="img"
      aria-label={t.mapLabel(kept, placed.length - kept)}>
      <rect x="0.5" y="0.5" width={kBox - 1} height={kBox - 1} class="frame" />
      {placed.map((o, n) => {
        const x = at(xs[n] ?? 0, Math.min(...xs));
        const y = at(ys[n] ?? 0, Math.min(...ys));
        return o.state === "kept" ? (
          <circle key={n} cx={x} cy={y} r="3" class="kept" />
        ) : (
          <path key={n} d={`M${x - 3} ${y - 3}l6 6m0-6l-6 6`} class="rejected" />
        );
      })}
    </svg>
  );
}

function Counts({ objects }: { objects: MeasuredObject[] }) {
  const reasons = countsByReason(objects);
  const rejected = reasons.reduce((sum, [, n]) => sum + n, 0);
  const most = Math.max(1, ...reasons.map(([, n]) => n));
  return (
    <div class="counts">
      <p>
        <b>{t.kept(objects.length - rejected)}</b>, {t.rejected(rejected)}
      </p>
      {reasons.length > 0 && (
        <ul>
          {reasons.map(([reason, n]) => (
            <li key={reason}>
              <span>{reasonWords(reason)}</span>
              <svg class="bar" width="120" height="10" viewBox="0 0 120 10" preserveAspectRatio="none" aria-hidden="true">
                <rect width={(120 * n) / most} height="10" rx="2" />
              </svg>
              <b>{n}</b>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

interface ValueColumn {
  id: string;
  definition: string;
  unit: string | null | undefined;
}

function valueColumns(objects: MeasuredObject[]): ValueColumn[] {
  const seen = new Map<string, ValueColumn>();
  for (const o of objects) {
    for (const q of o.quantities ?? []) {
      if (!seen.has(q.id)) seen.set(q.id, { id: q.id, definition: q.definition, unit: q.unit });
    }
    if (seen.size >= kColumns) break;
  }
  return [...seen.values()].slice(0, kColumns);
}

function ObjectRow({ o, n, columns, channels }: {
  o: MeasuredObject;
  n: number;
  columns: ValueColumn[];
  channels: boolean;
}) {
  const kept = o.state === "kept";
  return (
    <Row>
      <Head>{`${o.kind} ${n + 1}`}</Head>
      {channels && <Cell label={t.channel}>{texts.channelNumber(o.channel ?? 0)}</Cell>}
      <Cell label={t.position} numeric>
        {(o.position_um ?? []).map((v) => v.toFixed(2).replace("-", "\u2212")).join(", ") || "–"}
      </Cell>
      <Cell label={t.stateHead}>
        <span class={kept ? "keptmark" : "muted"}>
          <Shape shape={kept ? "in_spec" : "not_in_scope"} />{" "}
          {kept ? t.stateKept : t.stateRejected(reasonWords(o.reason ?? ""))}
        </span>
      </Cell>
      {columns.map((c) => {
        const q = o.quantities?.find((one) => one.id === c.id && one.definition === c.definition);
        const text = q ? plain(q.value) : "–";
        return (
          <Cell key={c.id} label={headWithUnit(nameOf(c.id), c.unit)} numeric>
            <data value={String(q?.value ?? "")} title={q ? withUnit(text, q.unit) : ""}>{text}</data>
          </Cell>
        );
      })}
    </Row>
  );
}

export function Objects({ objects }: { objects: MeasuredObject[] }) {
  const [all, showAll] = useState(false);
  if (objects.length === 0) return null;
  const sorted = objects
    .map((o, n) => ({ o, n }))
    .sort((a, b) => Number(b.o.state === "kept") - Number(a.o.state === "kept"));
  const columns = valueColumns(objects);
  const channels = new Set(objects.map((o) => o.channel ?? 0)).size > 1;
  return (
    <section aria-labelledby="objects">
      <h2 id="objects">{t.objects}</h2>
      <div class="card">
        <div class="objecthead pad">
          <Counts objects={objects} />
          <FieldMap objects={objects} />
        </div>
        <Table caption={t.objectsCaption} columns={[
          { head: t.object },
          ...(channels ? [{ head: t.channel }] : []),
          { head: t.position, numeric: true },
          { head: t.stateHead },
          ...columns.map((c) => ({ head: headWithUnit(nameOf(c.id), c.unit), numeric: true })),
        ]}>
          {sorted.slice(0, all ? undefined : kFirst).map(({ o, n }) => (
            <ObjectRow key={n} o={o} n={n} columns={columns} channels={channels} />
          ))}
        </Table>
        {!all && objects.length > kFirst && (
          <p class="pad">
            <button type="button" class="btn" onClick={() => showAll(true)}>{t.all(objects.length)}</button>
          </p>
        )}
      </div>
    </section>
  );
}
