// What the numbers mean: each judged value with its limit and decision, then the rest.

import { probability } from "../format/number.ts";
import { OutcomeMark } from "../parts/marks.tsx";
import { Cell, Head, Row, Table } from "../parts/table.tsx";
import { Gauge, Value } from "../parts/values.tsx";
import { detailWords, limitWords, nameOf } from "../quantity.ts";
import { texts } from "../texts.ts";
import type { MeasurementPage, Valued } from "../types.ts";

const t = texts.measurement;

type Entry = Valued & { id: string };

const keyOf = (q: Entry) =>
  [q.id, q.definition, q.channel ?? "", JSON.stringify(q.of ?? {})].join("|");

/** The decision's quantities, and those of the document that it says nothing about. */
export function entriesOf(m: MeasurementPage): { judged: Entry[]; others: Entry[] } {
  const decided: Entry[] = m.decision?.quantities ?? [];
  const known = new Set(decided.map(keyOf));
  const rest = (m.document?.quantities ?? []).filter((q) => !known.has(keyOf(q)));
  const all: Entry[] = [...decided, ...rest];
  return {
    judged: all.filter((q) => q.outcome || q.limit),
    others: all.filter((q) => !q.outcome && !q.limit),
  };
}

function Definition({ q }: { q: Entry }) {
  const line = texts.definition[q.definition];
  const detail = detailWords(q);
  return (
    <small class="under">
      {detail && `${detail} · `}
      {line ?? q.definition}
      {line && <span class="mono"> {q.definition}</span>}
    </small>
  );
}

function Judged({ entries, coverage }: { entries: Entry[]; coverage: number }) {
  const c = texts.instrument;
  return (
    <Table caption={t.quantitiesCaption} columns={[
      { head: c.quantity }, { head: c.value, numeric: true }, { head: c.limit },
      { head: c.decision },
    ]}>
      {entries.map((q, n) => (
        <Row key={n}>
          <Head>
            {nameOf(q.id)}
            <Definition q={q} />
          </Head>
          <Cell label={c.value} numeric><Value q={q} coverage={coverage} /></Cell>
          <Cell label={c.limit} class="limit">
            {limitWords(q.limit, q.unit)}
            <Gauge q={q} />
          </Cell>
          <Cell label={c.decision}>
            <OutcomeMark outcome={q.outcome} />
            {typeof q.p_conformance === "number" && (
              <small class="under">
                <abbr title={c.p}>p</abbr> {texts.measurement.equals(probability(q.p_conformance))}
              </small>
            )}
          </Cell>
        </Row>
      ))}
    </Table>
  );
}

function Others({ entries, coverage, open }: { entries: Entry[]; coverage: number; open: boolean }) {
  if (entries.length === 0) return null;
  const c = texts.instrument;
  return (
    <details open={open}>
      <summary>{t.others(entries.length)}</summary>
      <Table caption={t.othersCaption} columns={[{ head: c.quantity }, { head: c.value, numeric: true }]}>
        {entries.map((q, n) => (
          <Row key={n}>
            <Head>
              {nameOf(q.id)}
              <Definition q={q} />
            </Head>
            <Cell label={c.value} numeric><Value q={q} coverage={coverage} /></Cell>
          </Row>
        ))}
      </Table>
    </details>
  );
}

export function Meaning({ m }: { m: MeasurementPage }) {
  const { judged, others } = entriesOf(m);
  const coverage = m.decision?.judged_by?.decision_rule?.coverage_factor ?? 2;
  return (
    <section class="card meaning" aria-labelledby="means">
      <h2 id="means">{t.means}</h2>
      {judged.length + others.length === 0 && <p class="muted pad">{t.noQuantities}</p>}
      {judged.length > 0 && <Judged entries={judged} coverage={coverage} />}
      <Others entries={others} coverage={coverage} open={judged.length === 0} />
    </section>
  );
}
