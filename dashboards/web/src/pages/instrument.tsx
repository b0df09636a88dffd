// One instrument: fit for what, its configurations against their limits, one chart, what is due.

import { useState } from "preact/hooks";
import { day, span } from "../format/time.ts";
import { ChartSection } from "./instrument_chart.tsx";
import { ConfigurationCards } from "./instrument_configurations.tsx";
import { Mark, OutcomeMark, VerdictMark } from "../parts/marks.tsx";
import { ReasonList } from "../parts/reasons.tsx";
import { NotReady, useTitle } from "../parts/states.tsx";
import { Cell, Head, Row, Table } from "../parts/table.tsx";
import { Ago, Time } from "../parts/values.tsx";
import { useSetting, type Setting } from "../state/facility.ts";
import { api, useResource } from "../state/resource.ts";
import { asOf, href, measurementHref } from "../state/router.ts";
import { texts } from "../texts.ts";
import type { Configuration, InstrumentPage, MeasurementRow, ProcedureState } from "../types.ts";
import * as verdicts from "../verdict.ts";

const t = texts.instrument;
const kFirstRows = 10;

function PageHead({ page, setting }: { page: InstrumentPage; setting: Setting }) {
  const facts = [
    page.place,
    page.technique,
    page.serial && t.serial(page.serial),
    page.responsible && t.responsible(page.responsible),
    page.last_measured_at && t.lastMeasured(day(page.last_measured_at, setting.zone)),
  ].filter(Boolean);
  return (
    <header class="pagehead">
      <nav class="crumbs" aria-label={texts.frame.address}>
        <a href={href("/instruments")}>{t.crumb}</a> / {page.id}
      </nav>
      <h1 id="heading">{page.name || page.id}</h1>
      <p class="muted">{facts.join(" · ")}</p>
    </header>
  );
}

function Verdicts({ page, setting }: { page: InstrumentPage; setting: Setting }) {
  const { zone, now, fleet } = setting;
  const nameOf = (id: string) => fleet?.profiles.find((p) => p.id === id)?.name ?? id;
  const said = (page.verdicts ?? []).map((v) => setting.say(v, page.as_of));
  said.sort((a, b) => verdicts.rank(a.verdict) - verdicts.rank(b.verdict));
  return (
    <section aria-labelledby="fit" class={setting.contact === "fine" ? "" : "stale"}>
      <h2 id="fit">{t.verdicts}</h2>
      <div class="verdicts">
        {said.map((v) => (
          <article class="card verdict" key={`${v.profile}${v.configuration ?? ""}`}>
            <h3>{nameOf(v.profile)}</h3>
            <p class="big"><VerdictMark v={v} /></p>
            <details open={verdicts.needsPeople(v.verdict)}>
              <summary>{t.why}</summary>
              <ReasonList v={v} zone={zone} now={now} />
            </details>
            <dl class="facts">
              <dt>{t.dataAge}</dt>
              <dd>{typeof v.data_age_s === "number" ? t.ago(span(v.data_age_s)) : "–"}</dd>
              {verdicts.holds(v.verdict) && (
                <>
                  <dt>{t.validUntil}</dt>
                  <dd>{day(v.valid_until, zone)}</dd>
                </>
              )}
              <dt>{t.nextDue}</dt>
              <dd>{day(v.next_due, zone)}</dd>
            </dl>
          </article>
        ))}
      </div>
    </section>
  );
}

const kDueShape: Record<string, "in_spec" | "in_spec_with_conditions" | "unknown"> = {
  current: "in_spec",
  due: "in_spec_with_conditions",
  overdue: "unknown",
  never: "unknown",
};

function lastOf(p: ProcedureState): { key?: string; acquired_at?: string } {
  if (typeof p.last_measurement === "string") {
    const isTime = Number.isFinite(Date.parse(p.last_measurement));
    return isTime ? { acquired_at: p.last_measurement } : { key: p.last_measurement };
  }
  return p.last_measurement ?? {};
}

function LastCell({ procedure, page, setting }: {
  procedure: ProcedureState;
  page: InstrumentPage;
  setting: Setting;
}) {
  const last = lastOf(procedure);
  const row = (page.measurements ?? []).find((m) => m.key === last.key);
  const at = last.acquired_at ?? row?.acquired_at;
  if (!last.key) return at ? <Time at={at} zone={setting.zone} /> : <>–</>;
  return (
    <a href={measurementHref(last.key)}>
      {at ? <Time at={at} zone={setting.zone} /> : texts.chart.open}
    </a>
  );
}

function Procedures({ page, configurations, setting }: {
  page: InstrumentPage;
  configurations: Configuration[];
  setting: Setting;
}) {
  const rows = configurations.flatMap((c) => (c.procedures ?? []).map((p) => ({ c, p })));
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby="procedures">
      <h2 id="procedures">{t.procedures}</h2>
      <div class="card">
        <Table caption={t.proceduresCaption} columns={[
          { head: t.procedure }, { head: t.configuration }, { head: t.state }, { head: t.due },
          { head: t.overdueFrom }, { head: t.last },
        ]}>
          {rows.map(({ c, p }) => (
            <Row key={`${c.id}${p.procedure}`}>
              <Head>
                {p.title || p.procedure}
                <small class="under">
                  {p.procedure} {p.version !== null && p.version !== undefined && texts.measurement.version(String(p.version))}
                </small>
              </Head>
              <Cell label={t.configuration}>{c.name || c.id}</Cell>
              <Cell label={t.state}>
                <DueMark state={p.state} />
              </Cell>
              <Cell label={t.due}>
                {p.due ? (
                  <>
                    {day(p.due, setting.zone)}
                    <small class="under"><Ago at={p.due} now={setting.now} zone={setting.zone} /></small>
                  </>
                ) : "–"}
              </Cell>
              <Cell label={t.overdueFrom}>{day(p.overdue_from, setting.zone)}</Cell>
              <Cell label={t.last}><LastCell procedure={p} page={page} setting={setting} /></Cell>
            </Row>
          ))}
        </Table>
      </div>
    </section>
  );
}

function DueMark({ state }: { state: string }) {
  return <Mark shape={kDueShape[state] ?? "unknown"} word={texts.dueState[state] ?? state} />;
}

function Measurements({ rows, configurations, setting }: {
  rows: MeasurementRow[];
  configurations: Configuration[];
  setting: Setting;
}) {
  const [all, showAll] = useState(false);
  const nameOf = (id: string) => configurations.find((c) => c.id === id)?.name || id;
  return (
    <section aria-labelledby="measurements">
      <h2 id="measurements">{t.measurements}</h2>
      {rows.length === 0 && <p class="card pad muted">{t.noMeasurements}</p>}
      {rows.length > 0 && (
        <div class="card">
          <Table caption={t.measurementsCaption} columns={[
            { head: t.acquired }, { head: t.procedure }, { head: t.configuration },
            { head: t.decision }, { head: t.purpose }, { head: t.review }, { head: t.record, numeric: true },
          ]}>
            {rows.slice(0, all ? undefined : kFirstRows).map((m) => (
              <Row key={m.key}>
                <Head>
                  <a href={measurementHref(m.key)}>
                    <Time at={m.acquired_at ?? m.received_at} zone={setting.zone} />
                  </a>
                </Head>
                <Cell label={t.procedure}>
                  {m.procedure_title || texts.analysis[m.analysis ?? ""] || m.procedure}
                </Cell>
                <Cell label={t.configuration} class="word">{nameOf(m.configuration)}</Cell>
                <Cell label={t.decision}><OutcomeMark outcome={m.outcome} /></Cell>
                <Cell label={t.purpose} class="word">{texts.purpose[m.purpose ?? ""] ?? m.purpose ?? "–"}</Cell>
                <Cell label={t.review} class="word">{texts.review[m.review ?? ""] ?? m.review ?? "–"}</Cell>
                <Cell label={t.record} numeric>{m.log_index ?? "–"}</Cell>
              </Row>
            ))}
          </Table>
          {!all && rows.length > kFirstRows && (
            <p class="pad">
              <button type="button" class="btn" onClick={() => showAll(true)}>
                {t.allMeasurements(rows.length)}
              </button>
            </p>
          )}
        </div>
      )}
    </section>
  );
}

export function InstrumentPageView({ id }: { id: string }) {
  const setting = useSetting();
  const { data: page, status } = useResource<InstrumentPage>(
    api(`instruments/${encodeURIComponent(id)}`, asOf()),
  );
  useTitle(page?.name || id);
  if (!page || status !== "ready") {
    return <NotReady status={status} missing={texts.states.missingInstrument(id)} />;
  }
  const configurations = page.configurations ?? [];
  return (
    <>
      <PageHead page={page} setting={setting} />
      <Verdicts page={page} setting={setting} />
      <ConfigurationCards configurations={configurations} setting={setting} />
      <ChartSection configurations={configurations} setting={setting} />
      <Procedures page={page} configurations={configurations} setting={setting} />
      <Measurements rows={page.measurements ?? []} configurations={configurations} setting={setting} />
    </>
  );
}
