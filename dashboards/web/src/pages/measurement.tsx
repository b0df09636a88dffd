// One measurement: what was seen, what it means, and everything that judged it.

import { day, minute } from "../format/time.ts";
import { Mark, OutcomeMark } from "../parts/marks.tsx";
import { NotReady, useTitle } from "../parts/states.tsx";
import { useSetting, type Setting } from "../state/facility.ts";
import { api, useResource } from "../state/resource.ts";
import { asOf, href, instrumentHref } from "../state/router.ts";
import { texts } from "../texts.ts";
import type { Finding, MeasurementPage, PictureLink, Verdict } from "../types.ts";
import { Meaning } from "./measurement_meaning.tsx";
import { Objects } from "./measurement_objects.tsx";
import { Provenance } from "./measurement_provenance.tsx";
import { Signatures } from "./measurement_signatures.tsx";

const t = texts.measurement;

export function titleOf(m: MeasurementPage): string {
  return texts.analysis[m.analysis ?? ""] ?? m.procedure_title ?? m.procedure;
}

function PageHead({ m, setting }: { m: MeasurementPage; setting: Setting }) {
  const item = setting.fleet?.items.find((i) => i.id === m.instrument);
  const version = m.decision?.judged_by?.procedure?.version;
  const outcome = m.decision?.outcome ?? m.outcome;
  const facts = [
    m.procedure_title,
    version !== undefined && version !== null && `${m.procedure} ${t.version(String(version))}`,
    texts.purpose[m.purpose ?? ""],
    texts.review[m.decision?.review ?? m.review ?? ""],
  ].filter(Boolean);
  return (
    <header class="pagehead">
      <nav class="crumbs" aria-label={texts.frame.address}>
        <a href={href("/instruments")}>{texts.instrument.crumb}</a> /{" "}
        <a href={instrumentHref(m.instrument)}>{item?.name || m.instrument}</a> / {m.configuration}
      </nav>
      <h1 id="heading">
        {t.heading(titleOf(m), minute(m.acquired_at ?? m.received_at, setting.zone))}
      </h1>
      <p>
        {m.decision || outcome ? <OutcomeMark outcome={outcome} /> : <Mark shape="unknown" word={t.undecided} />}
        <span class="muted"> · {facts.join(" · ")}</span>
      </p>
      <DecisionReasons m={m} />
    </header>
  );
}

function DecisionReasons({ m }: { m: MeasurementPage }) {
  const d = m.decision;
  const lines = (d?.reasons ?? []).map(texts.decisionReason);
  if (d?.uncertainty_incomplete) lines.push(t.incomplete);
  const distinct = [...new Set(lines)];
  if (distinct.length === 0) return null;
  return <p class="note">{distinct.map((line) => line.replace(/\.$/, "")).join(". ")}.</p>;
}

/** "psf_profile_x_ch1" reads as its caption with the channel behind it. */
export function captionOf(name: string): string {
  const stem = name.replace(/\.[a-z0-9]+$/i, "");
  if (texts.picture[stem]) return texts.picture[stem];
  const match = /^(.*?)_?(?:ch|channel|c)?_?(\d+)$/.exec(stem);
  const known = match?.[1] ? texts.picture[match[1]] : undefined;
  if (known && match?.[2]) return `${known}, ${match[2]}`;
  const words = stem.replace(/_/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function Pictures({ pictures, title }: { pictures: PictureLink[]; title: string }) {
  return (
    <section class="card pad seen" aria-labelledby="seen">
      <h2 id="seen">{t.seen}</h2>
      {pictures.length === 0 && <p class="muted">{t.noPictures}</p>}
      <div class="pictures">
        {pictures.map((p) => (
          <figure key={p.name} class={/profile|trace|residual|field|map/.test(p.name) ? "broad" : ""}>
            <a href={p.url} target="_blank" rel="noopener">
              <img src={p.url} alt={`${title}: ${p.caption || captionOf(p.name)}`} decoding="async" />
            </a>
            <figcaption>{p.caption || captionOf(p.name)}</figcaption>
          </figure>
        ))}
      </div>
    </section>
  );
}

const kSeverityShape: Record<string, Verdict> = {
  info: "not_in_scope",
  warning: "in_spec_with_conditions",
  fault: "out_of_spec",
};
const kSeverityOrder = ["fault", "warning", "info"];

function Findings({ findings }: { findings: Finding[] }) {
  const sorted = [...findings].sort(
    (a, b) => kSeverityOrder.indexOf(a.severity) - kSeverityOrder.indexOf(b.severity),
  );
  return (
    <section aria-labelledby="findings">
      <h2 id="findings">{t.findings}</h2>
      {sorted.length === 0 ? (
        <p class="muted">{t.noFindings}</p>
      ) : (
        <ul class="card findings">
          {sorted.map((f, n) => (
            <li key={n}>
              <Mark shape={kSeverityShape[f.severity] ?? "unknown"} word={t.severity[f.severity] ?? f.severity} />
              <span>
                {f.text || f.code.replace(/[_:]/g, " ")}
                {typeof f.channel === "number" && (
                  <span class="muted"> ({texts.channelNumber(f.channel)})</span>
                )}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

export function MeasurementPageView({ id }: { id: string }) {
  const setting = useSetting();
  const { data: m, status } = useResource<MeasurementPage>(
    api(`measurements/${encodeURIComponent(id)}`, asOf()),
  );
  useTitle(m ? `${titleOf(m)}, ${day(m.acquired_at, setting.zone)}` : "…");
  if (!m || status !== "ready") return <NotReady status={status} missing={texts.states.missingMeasurement} />;
  return (
    <>
      <PageHead m={m} setting={setting} />
      <div class="two">
        <Pictures pictures={m.pictures ?? []} title={titleOf(m)} />
        <Meaning m={m} />
      </div>
      <Objects objects={m.document?.objects ?? []} />
      <Findings findings={m.document?.findings ?? []} />
      <Signatures m={m} setting={setting} />
      <Provenance m={m} setting={setting} />
    </>
  );
}
