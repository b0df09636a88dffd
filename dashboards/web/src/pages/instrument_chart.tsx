// The control chart of an instrument's page: which quantity stands in the address; without a choice
// it is the judged one that is worst off.

import { useEffect, useRef } from "preact/hooks";
import { ChartTable, ControlChart } from "../chart/control_chart.tsx";
import { pointsOf, sentence } from "../chart/model.ts";
import { NotReady } from "../parts/states.tsx";
import { byConcern, detailWords, nameOf, qualifierKey } from "../quantity.ts";
import type { Setting } from "../state/facility.ts";
import { api, useResource } from "../state/resource.ts";
import { asOf, setQuery, usePlace } from "../state/router.ts";
import { texts } from "../texts.ts";
import type { Configuration, LatestQuantity, Series } from "../types.ts";
import { chartQuery } from "./instrument_configurations.tsx";

interface Choice {
  c: Configuration;
  q: LatestQuantity;
  id: string;
}

const kKeys = ["configuration", "quantity", "definition", "channel", "of"];

function choices(configurations: Configuration[]): Choice[] {
  const seen = new Set<string>();
  const all: Choice[] = [];
  for (const c of configurations) {
    for (const q of [...(c.quantities ?? [])].sort(byConcern)) {
      const id = kKeys.map((key) => chartQuery(c, q)[key] ?? "").join("|");
      if (seen.has(id)) continue;
      seen.add(id);
      all.push({ c, q, id });
    }
  }
  return all;
}

function chosenOf(all: Choice[], query: URLSearchParams): Choice | undefined {
  const wanted = kKeys.map((key) => query.get(key) ?? "").join("|");
  return (
    all.find((choice) => choice.id === wanted) ??
    [...all].sort((a, b) => byConcern(a.q, b.q))[0]
  );
}

export function label(choice: Choice): string {
  const detail = detailWords(choice.q);
  return nameOf(choice.q.quantity, choice.q.name) + (detail ? `, ${detail}` : "");
}

function Chooser({ all, chosen }: { all: Choice[]; chosen: Choice }) {
  const groups = [...new Set(all.map((choice) => choice.c))];
  const choose = (id: string) => {
    const choice = all.find((one) => one.id === id);
    if (choice) setQuery(chartQuery(choice.c, choice.q), true);
  };
  return (
    <label class="chooser">
      <span>{texts.chart.choose}</span>{" "}
      <select value={chosen.id} onChange={(event) => choose(event.currentTarget.value)}>
        {groups.map((c) => (
          <optgroup label={c.name || c.id} key={c.id}>
            {all.filter((choice) => choice.c === c).map((choice) => (
              <option value={choice.id} key={choice.id} selected={choice.id === chosen.id}>
                {label(choice)} ({choice.q.definition}
                {choice.q.judges ? `, ${texts.chart.group.judged}` : ""})
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

/** A click on a quantity further up brings its chart into view. */
function useArrival(query: URLSearchParams) {
  const section = useRef<HTMLElement>(null);
  const wanted = query.get("quantity");
  const key = kKeys.map((one) => query.get(one)).join("|");
  const before = useRef<string | null>(null);
  useEffect(() => {
    if (before.current !== null && before.current !== key && wanted) {
      section.current?.scrollIntoView({ block: "nearest" });
    }
    before.current = key;
  }, [key]);
  return section;
}

export function ChartSection({ configurations, setting }: {
  configurations: Configuration[];
  setting: Setting;
}) {
  const { query } = usePlace();
  const section = useArrival(query);
  const all = choices(configurations);
  const chosen = chosenOf(all, query);
  const subject = chosen?.c.subject ?? `${chosen?.c.instrument ?? ""}/${chosen?.c.id ?? ""}`;
  const url = chosen
    ? api("series", asOf(), {
        subject,
        quantity: chosen.q.quantity,
        definition: chosen.q.definition,
        channel: typeof chosen.q.channel === "number" ? String(chosen.q.channel) : null,
        of: qualifierKey(chosen.q.of),
      })
    : null;
  const { data: series, status } = useResource<Series>(url);
  const name = chosen ? label(chosen) : "";
  return (
    <section aria-labelledby="chart" ref={section} class="chartsection">
      <h2 id="chart">{texts.chart.heading}</h2>
      {!chosen && <p class="card pad muted">{texts.chart.nothing}</p>}
      {chosen && (
        <div class="card pad">
          <Chooser all={all} chosen={chosen} />
          {series && status === "ready" ? (
            <>
              <ControlChart series={series} name={name} zone={setting.zone}
                axis={nameOf(chosen.q.quantity, chosen.q.name)} />
              <p class="sentence">{sentence(pointsOf(series), series.unit, setting.zone)}</p>
              {series.points.length > 0 && (
                <ChartTable series={series} name={name} zone={setting.zone} />
              )}
            </>
          ) : status === "missing" ? (
            <p class="muted">{texts.chart.none}</p>
          ) : (
            <div class="chartspace"><NotReady status={status} missing={texts.chart.none} /></div>
          )}
        </div>
      )}
    </section>
  );
}
