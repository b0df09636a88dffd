// The control chart: uPlot keeps the scales and the axes, draw.ts the metrology. It is one stop of
// the tab key; arrows step through the points, Enter opens the measurement.

import uPlot from "uplot";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { plain, unitSymbol } from "../format/number.ts";
import { axisLabels } from "../format/time.ts";
import { OutcomeMark } from "../parts/marks.tsx";
import { Cell, Head, Row, Table } from "../parts/table.tsx";
import { headWithUnit, Time, Value } from "../parts/values.tsx";
import { limitWords } from "../quantity.ts";
import { go, measurementHref } from "../state/router.ts";
import { texts } from "../texts.ts";
import type { Series } from "../types.ts";
import * as draw from "./draw.ts";
import * as model from "./model.ts";

const kHeight = 340;

interface Sheet {
  points: model.Point[];
  range: model.Range;
  unit: string | null | undefined;
  zone: string;
  title: string;
  selected: () => number | null;
  onHover: (index: number) => void;
}

function timeRange(points: model.Point[]): [number, number] {
  const first = points[0]?.seconds ?? 0;
  const last = points[points.length - 1]?.seconds ?? 1;
  const margin = Math.max((last - first) * 0.03, 43200);
  return [first - margin, last + margin];
}

function axes(sheet: Sheet, colours: draw.Palette): uPlot.Axis[] {
  const common = {
    stroke: colours.ink,
    font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif",
    grid: { stroke: colours.line, width: 1 },
    ticks: { stroke: colours.line, width: 1, size: 4 },
  };
  return [
    { ...common, size: 30, space: 76, values: (_u, splits) => axisLabels(splits, sheet.zone) },
    {
      ...common,
      label: sheet.title,
      labelSize: 22,
      size: (_u, values) => 14 + 7 * Math.max(3, ...(values ?? []).map((v) => v.length)),
      values: (_u, splits) => splits.map((v) => plain(Number(v.toPrecision(10)), significant(splits))),
    },
  ];
}

/** Enough digits that neighbouring ticks differ. */
function significant(splits: number[]): number {
  const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0)) || 1;
  const largest = Math.max(...splits.map(Math.abs), step);
  return Math.min(8, Math.max(2, 1 + Math.ceil(Math.log10(largest / step) + 0.01)));
}

function options(sheet: Sheet, width: number): uPlot.Options {
  const colours = draw.palette();
  const ratio = () => uPlot.pxRatio;
  return {
    width,
    height: kHeight,
    legend: { show: false },
    cursor: {
      x: false, y: false, points: { show: false }, drag: { x: false, y: false, setScale: false },
      bind: { dblclick: () => null },
    },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), sheet.zone),
    scales: {
      x: { time: true, range: () => timeRange(sheet.points) },
      y: { range: () => [sheet.range.min, sheet.range.max] },
    },
    axes: axes(sheet, colours),
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: {
      drawClear: [(u) => draw.shade(u, sheet.points, colours)],
      draw: [
        (u) => draw.points(u, sheet.points, sheet.selected(), colours, ratio()),
        (u) => draw.limits(u, sheet.points, sheet.range, sheet.unit, colours, ratio()),
      ],
      setCursor: [
        (u) => {
          const at = u.cursor.idx;
          if (typeof at === "number" && (u.cursor.left ?? -1) >= 0) sheet.onHover(at);
        },
      ],
    },
  };
}

/** Draws again whenever the page's width or its colours change, paper included. */
function useDrawing(sheet: Sheet, redrawOn: unknown[]) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    const element = host.current;
    if (!element || sheet.points.length === 0) return undefined;
    const make = () => {
      plot.current?.destroy();
      const data: uPlot.AlignedData = [
        sheet.points.map((p) => p.seconds),
        sheet.points.map((p) => p.value),
      ];
      plot.current = new uPlot(options(sheet, element.clientWidth), data, element);
    };
    make();
    const observer = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (plot.current && width > 0 && width !== plot.current.width) {
        plot.current.setSize({ width, height: kHeight });
      }
    });
    observer.observe(element);
    const theme = matchMedia("(prefers-color-scheme: dark)");
    const paper = matchMedia("print");
    theme.addEventListener("change", make);
    paper.addEventListener("change", make);
    return () => {
      observer.disconnect();
      theme.removeEventListener("change", make);
      paper.removeEventListener("change", make);
      plot.current?.destroy();
      plot.current = null;
    };
  }, redrawOn);
  return { host, plot };
}

function stepped(key: string, at: number | null, count: number): number | null {
  const last = count - 1;
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return at === null ? last : Math.max(0, at - 1);
    case "ArrowRight":
    case "ArrowUp":
      return at === null ? last : Math.min(last, at + 1);
    case "PageDown":
      return Math.max(0, (at ?? last) - 10);
    case "PageUp":
      return Math.min(last, (at ?? last) + 10);
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return null;
  }
}

function Readout({ point, unit, zone }: {
  point: model.Point | null;
  unit: string | null | undefined;
  zone: string;
}) {
  if (!point) return <p class="readout muted">{texts.chart.keys}</p>;
  return (
    <p class="readout">
      <b>{model.readout(point, unit, zone)}</b>{" "}
      {point.measurement && <a href={measurementHref(point.measurement)}>{texts.chart.open}</a>}
    </p>
  );
}

const kLegend: [string | null, string][] = [
  ["pass", "pass"],
  ["conditional_pass", "conditional"],
  ["fail", "fail"],
  ["method_not_capable", "unknown"],
];

function Legend({ points, range, unit }: {
  points: model.Point[];
  range: model.Range;
  unit: string | null | undefined;
}) {
  const present = new Set(points.map((p) => p.shape));
  return (
    <p class="legend">
      {kLegend.filter(([, shape]) => present.has(shape as model.PointShape)).map(([outcome]) => (
        <OutcomeMark outcome={outcome} key={outcome} />
      ))}
      {present.has("none") && (
        <span class="v na">
          <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
            <path d="M7 2l5 5l-5 5l-5 -5z" fill="none" stroke="currentColor" stroke-width="1.5" />
          </svg>
          {texts.chart.notJudged}
        </span>
      )}
      {points.some((p) => p.U) && <span>{texts.chart.whiskers(2)}</span>}
      {range.hidden.map((limit) => (
        <span key={limit}>{texts.chart.outsideChart(model.limitText(limit, unit))}</span>
      ))}
    </p>
  );
}

export function ControlChart({ series, name, axis, zone }: {
  series: Series;
  name: string;
  axis: string;
  zone: string;
}) {
  const points = useMemo(() => model.pointsOf(series), [series]);
  const range = useMemo(() => model.rangeOf(points), [points]);
  const [at, select] = useState<number | null>(null);
  const current = useRef<number | null>(null);
  current.current = at;
  const sheet: Sheet = {
    points, range, zone,
    unit: series.unit,
    title: headWithUnit(axis, series.unit),
    selected: () => current.current,
    onHover: select,
  };
  const { host, plot } = useDrawing(sheet, [points, zone, name]);
  useEffect(() => plot.current?.redraw(false, false), [at]);
  useEffect(() => select(null), [series.subject, series.quantity, series.definition]);
  if (points.length === 0) return <p class="muted pad">{texts.chart.none}</p>;
  const point = at === null ? null : (points[at] ?? null);
  const open = (p: model.Point | null) => p?.measurement && go(measurementHref(p.measurement));
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter") return void open(point);
    if (event.key === "Escape") return select(null);
    const next = stepped(event.key, at, points.length);
    if (next === null) return;
    event.preventDefault();
    select(next);
  };
  const told = points[at ?? points.length - 1];
  return (
    <>
      <div class="chart" role="slider" tabIndex={0} aria-label={texts.chart.label(name)}
        aria-valuemin={1} aria-valuemax={points.length} aria-valuenow={(at ?? points.length - 1) + 1}
        aria-valuetext={told ? model.readout(told, series.unit, zone) : ""} onKeyDown={onKey}>
        <div ref={host} class="plot" aria-hidden="true" />
      </div>
      <Readout point={point} unit={series.unit} zone={zone} />
      <Legend points={points} range={range} unit={series.unit} />
    </>
  );
}

/** The chart's twin for those who read numbers. */
export function ChartTable({ series, name, zone }: { series: Series; name: string; zone: string }) {
  const points = model.pointsOf(series).reverse();
  const unit = unitSymbol(series.unit);
  const valueHead = unit ? `${texts.instrument.value} (${unit})` : texts.instrument.value;
  return (
    <details>
      <summary>{texts.chart.table}</summary>
      <Table caption={texts.chart.tableCaption(name)} columns={[
        { head: texts.instrument.acquired }, { head: valueHead, numeric: true },
        { head: texts.instrument.limit }, { head: texts.instrument.decision },
      ]}>
        {points.map((p) => (
          <Row key={`${p.t}${p.measurement ?? ""}`}>
            <Head>
              {p.measurement ? (
                <a href={measurementHref(p.measurement)}><Time at={p.t} zone={zone} /></a>
              ) : (
                <Time at={p.t} zone={zone} />
              )}
            </Head>
            <Cell label={texts.instrument.value} numeric>
              <Value q={{ definition: series.definition, value: p.value, U: p.U, unit: series.unit }} />
            </Cell>
            <Cell label={texts.instrument.limit}>{limitWords(p, series.unit)}</Cell>
            <Cell label={texts.instrument.decision}><OutcomeMark outcome={p.outcome} /></Cell>
          </Row>
        ))}
      </Table>
    </details>
  );
}
