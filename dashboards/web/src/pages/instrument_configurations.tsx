// The configurations of an instrument: what was measured last, with U, against its limits.

import { VerdictMark, OutcomeMark } from "../parts/marks.tsx";
import { Cell, Head, Row, Table } from "../parts/table.tsx";
import { Gauge, Time, Value } from "../parts/values.tsx";
import { byConcern, detailWords, limitWords, nameOf, qualifierKey } from "../quantity.ts";
import { probability } from "../format/number.ts";
import type { Setting } from "../state/facility.ts";
import { here, href, measurementHref } from "../state/router.ts";
import { texts } from "../texts.ts";
import type { Configuration, LatestQuantity } from "../types.ts";
import { rank, worst } from "../verdict.ts";

const t = texts.instrument;

export function chartQuery(c: Configuration, q: LatestQuantity): Record<string, string | null> {
  return {
    configuration: c.id,
    quantity: q.quantity,
    definition: q.definition,
    channel: typeof q.channel === "number" ? String(q.channel) : null,
    of: qualifierKey(q.of),
  };
}

function QuantityRow({ c, q, zone }: { c: Configuration; q: LatestQuantity; zone: string }) {
  const name = nameOf(q.quantity, q.name);
  return (
    <Row>
      <Head>
        <a href={`${href(here().path, chartQuery(c, q))}`} title={t.chartOf(name)}>{name}</a>
        <small class="under">
          {[detailWords(q), q.judges ? t.judgedBy(q.definition) : q.definition].filter(Boolean).join(" · ")}
        </small>
      </Head>
      <Cell label={t.value} numeric><Value q={q} /></Cell>
      <Cell label={t.limit} class="limit">{limitWords(q.limit, q.unit)}</Cell>
      <Cell label={t.position} class="gaugecell"><Gauge q={q} /></Cell>
      <Cell label={t.decision}>{q.judges || q.outcome ? <OutcomeMark outcome={q.outcome} /> : ""}</Cell>
      <Cell label={t.p} numeric>{q.p_conformance === undefined ? "" : probability(q.p_conformance)}</Cell>
      <Cell label={t.acquired}>
        {q.measurement ? (
          <a href={measurementHref(q.measurement)}><Time at={q.acquired_at} zone={zone} /></a>
        ) : (
          <Time at={q.acquired_at} zone={zone} />
        )}
      </Cell>
    </Row>
  );
}

function OtherRow({ c, q, zone }: { c: Configuration; q: LatestQuantity; zone: string }) {
  const name = nameOf(q.quantity, q.name);
  return (
    <Row>
      <Head>
        <a href={href(here().path, chartQuery(c, q))} title={t.chartOf(name)}>{name}</a>
        <small class="under">{[detailWords(q), q.definition].filter(Boolean).join(" · ")}</small>
      </Head>
      <Cell label={t.value} numeric><Value q={q} /></Cell>
      <Cell label={t.acquired}><Time at={q.acquired_at} zone={zone} /></Cell>
    </Row>
  );
}

function setupWords(c: Configuration): string {
  return Object.entries(c.setup ?? {})
    .filter(([, value]) => typeof value !== "object" || value === null)
    .map(([key, value]) => {
      const [, name = key.replace(/_/g, " "), unit] = /^(.*?)(?: \((.*)\))?$/.exec(texts.setup[key] ?? key.replace(/_/g, " ")) ?? [];
      const text = typeof value === "string" ? value.replace(/_/g, " ") : String(value);
      return `${name.toLowerCase()} ${text}${unit ? `\u202f${unit}` : ""}`;
    })
    .join(" · ");
}

function Card({ c, setting }: { c: Configuration; setting: Setting }) {
  const quantities = [...(c.quantities ?? [])].sort(byConcern);
  const judged = quantities.filter((q) => q.judges);
  const others = quantities.filter((q) => !q.judges);
  const name = c.name || c.id;
  const verdict = worst((c.verdicts ?? []).map((v) => setting.say(v)));
  return (
    <article class="card configuration">
      <header>
        <h3>{name}</h3>
        {verdict && <VerdictMark v={verdict} />}
        <span class="muted setup">{setupWords(c)}</span>
      </header>
      {quantities.length === 0 && <p class="muted pad">{t.noQuantities}</p>}
      {judged.length > 0 && (
        <Table caption={t.latestCaption(name)} columns={[
          { head: t.quantity }, { head: t.value, numeric: true }, { head: t.limit },
          { head: t.position }, { head: t.decision }, { head: t.p, numeric: true }, { head: t.acquired },
        ]}>
          {judged.map((q, n) => <QuantityRow key={n} c={c} q={q} zone={setting.zone} />)}
        </Table>
      )}
      {others.length > 0 && (
        <details>
          <summary>{t.more(others.length)}</summary>
          <Table caption={t.more(others.length)} columns={[
            { head: t.quantity }, { head: t.value, numeric: true }, { head: t.acquired },
          ]}>
            {others.map((q, n) => <OtherRow key={n} c={c} q={q} zone={setting.zone} />)}
          </Table>
        </details>
      )}
    </article>
  );
}

export function ConfigurationCards({ configurations, setting }: {
  configurations: Configuration[];
  setting: Setting;
}) {
  const order = (c: Configuration) => rank(worst((c.verdicts ?? []).map((v) => setting.say(v)))?.verdict ?? "not_in_scope");
  const sorted = [...configurations].sort((a, b) => order(a) - order(b));
  return (
    <section aria-labelledby="configurations">
      <h2 id="configurations">{t.configurations}</h2>
      {sorted.length === 0 && <p class="card pad muted">{t.noConfigurations}</p>}
      {sorted.map((c) => <Card key={c.id} c={c} setting={setting} />)}
    </section>
  );
}
