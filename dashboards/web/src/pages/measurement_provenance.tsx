// Where a measurement comes from and what judged it, down to its place in the log.

import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { byteCount, chosen } from "../format/number.ts";
import { day, minute, span } from "../format/time.ts";
import { Mark } from "../parts/marks.tsx";
import { Digest, Time } from "../parts/values.tsx";
import { check, type ProofResult } from "../proof.ts";
import type { Setting } from "../state/facility.ts";
import { api } from "../state/resource.ts";
import { texts } from "../texts.ts";
import type { MeasurementPage } from "../types.ts";

const t = texts.measurement;

function Line({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{children}</td>
    </tr>
  );
}

/** A software, an agent, a study: a word, or an object whose parts are words. */
interface Study {
  values?: { quantity: string; repeats?: { performer?: string; day?: string }[] }[];
}

/** How much stands behind the reproducibility part of U. */
export function studyWords(study: unknown): string {
  const values = (study as Study | null | undefined)?.values;
  if (!values) return wordsOf(study);
  const repeats = values.flatMap((value) => value.repeats ?? []);
  const distinct = (list: (string | undefined)[]) => new Set(list.filter(Boolean)).size;
  const most = Math.max(0, ...values.map((value) => value.repeats?.length ?? 0));
  return t.study(values.length, most, distinct(repeats.map((r) => r.day)), distinct(repeats.map((r) => r.performer)));
}

interface Scale {
  certificate?: string;
  relative_u?: number;
  valid_until?: string;
}

export function scaleWords(scale: unknown, zone: string): string {
  const { certificate = "", relative_u: relative, valid_until: until } = (scale ?? {}) as Scale;
  if (typeof relative !== "number") return wordsOf(scale, zone);
  const words = t.scale(certificate, chosen(relative));
  return until ? `${words} · ${t.validUntil(day(until, zone))}` : words;
}

export function softwareWords(software: unknown): string {
  const parts = software as Record<string, unknown> | null | undefined;
  if (!parts || typeof parts !== "object" || !("measured" in parts)) return wordsOf(software);
  return Object.entries(parts)
    .map(([key, value]) => `${t.softwareParts[key] ?? key} ${wordsOf(value)}`)
    .join(" · ");
}

export function wordsOf(thing: unknown, zone = "UTC"): string {
  if (thing === null || thing === undefined || thing === "") return t.none;
  if (Array.isArray(thing)) return thing.map((one) => wordsOf(one, zone)).join(", ");
  if (typeof thing !== "object") return String(thing);
  const { name, id, version, build, ...rest } = thing as Record<string, unknown>;
  const head = [name ?? id, version, build].filter((x) => x !== undefined && x !== null).map(String);
  const tail = Object.entries(rest)
    .filter(([, value]) => value !== null && typeof value !== "object")
    .map(([key, value]) => `${key.replace(/_/g, " ")} ${settingText(value, zone)}`);
  return [head.join(" "), ...tail].filter(Boolean).join(" · ") || t.none;
}

function Files({ m }: { m: MeasurementPage }) {
  return (
    <Line name={t.file}>
      {(m.raw ?? []).map((file) => (
        <p class="file" key={file.sha256}>
          <b>{file.name}</b> <span class="muted">{byteCount(file.bytes)}, {file.archived ? t.archived : t.notArchived}</span>
          {file.archived && file.url && (
            <> <a href={file.url} download={file.name}>{t.download}</a></>
          )}
          <br />
          <span class="muted">{t.digest}</span> <Digest hex={file.sha256} />
        </p>
      ))}
      {typeof m.log_index === "number" && (
        <p class="file">
          <a href={api("events", null, { from: String(m.log_index), limit: "1" })}>{t.document}</a>
        </p>
      )}
    </Line>
  );
}

function settingText(value: unknown, zone = "UTC"): string {
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) return minute(value, zone);
  if (typeof value === "number") return chosen(value);
  if (Array.isArray(value)) return value.map((one) => settingText(one, zone)).join(", ");
  return value === null || typeof value !== "object" ? String(value) : JSON.stringify(value);
}

function Setup({ m }: { m: MeasurementPage }) {
  const entries = Object.entries(m.document?.setup ?? {});
  if (entries.length === 0) return null;
  return (
    <Line name={t.setup}>
      <ul class="setuplist">
        {entries.map(([key, entry]) => (
          <li key={key}>
            <span>{texts.setup[key] ?? key.replace(/_/g, " ")}</span>
            <b>{settingText(entry.value)}</b>
            <span class="muted">{texts.source[entry.source ?? ""] ?? entry.source}</span>
          </li>
        ))}
      </ul>
    </Line>
  );
}

function Judges({ m, zone }: { m: MeasurementPage; zone: string }) {
  const by = m.decision?.judged_by;
  const rule = by?.decision_rule;
  const version = (v: unknown) => (v === undefined || v === null ? "" : t.version(String(v)));
  return (
    <>
      <Line name={t.procedure}>
        {m.procedure_title || m.procedure} <span class="muted">{m.procedure} {version(by?.procedure?.version)}</span>
      </Line>
      <Line name={t.limits}>{version(by?.limit_set?.version) || t.none}</Line>
      <Line name={t.rule}>
        {rule ? t.ruleText(chosen(rule.guard_band_ratio ?? 0), chosen(rule.coverage_factor ?? 2)) : t.none}
      </Line>
      <Line name={t.software}>{softwareWords(by?.software ?? m.document?.software)}</Line>
      <Line name={t.agent}>{wordsOf(by?.agent ?? m.agent)}</Line>
      <Line name={t.performer}>{m.performer || <span class="muted">{t.nobody}</span>}</Line>
      <Line name={t.repeatStudy}>{studyWords(by?.repeat_study)}</Line>
      <Line name={t.scaleRecord}>{scaleWords(by?.scale_record, zone)}</Line>
      {by?.configuration_fingerprint && (
        <Line name={t.fingerprint}><Digest hex={by.configuration_fingerprint} /></Line>
      )}
    </>
  );
}

function Received({ m, zone }: { m: MeasurementPage; zone: string }) {
  const gap = (Date.parse(m.received_at ?? "") - Date.parse(m.acquired_at ?? "")) / 1000;
  return (
    <>
      <Line name={t.acquired}><Time at={m.acquired_at} zone={zone} /></Line>
      <Line name={t.received}>
        {gap >= 60 ? t.receivedAfter(minute(m.received_at, zone), span(gap)) : <Time at={m.received_at} zone={zone} />}
      </Line>
    </>
  );
}

function useProof(m: MeasurementPage): ProofResult {
  const [result, set] = useState<ProofResult>("not_checked");
  useEffect(() => {
    let current = true;
    if (m.proof && m.checkpoint) {
      void check(m.proof, m.checkpoint).then((r) => current && set(r));
    }
    return () => void (current = false);
  }, [m]);
  return result;
}

function Log({ m }: { m: MeasurementPage }) {
  const result = useProof(m);
  const proof = m.proof;
  const decided = m.decision?.log_index;
  return (
    <>
      {typeof m.log_index === "number" && (
        <Line name={t.log}>
          {t.logText(m.log_index, typeof decided === "number" ? t.decidedAs(decided) : "")}
        </Line>
      )}
      {proof && (
        <Line name={t.proof}>
          <p class="file">{t.proofText(proof.log_index, proof.tree_size)}</p>
          {result !== "not_checked" && (
            <p class="file">
              <Mark shape={result === "holds" ? "in_spec" : "out_of_spec"}
                word={result === "holds" ? t.proofHolds : t.proofDiffers} />
            </p>
          )}
          <details>
            <summary>{t.proofPath((proof.inclusion ?? []).length)}</summary>
            <ol class="path">
              <li><span class="muted">{t.leaf}</span> <Digest hex={proof.leaf_hash} /></li>
              {(proof.inclusion ?? []).map((hex) => <li key={hex}><Digest hex={hex} /></li>)}
            </ol>
          </details>
        </Line>
      )}
      {m.checkpoint && (
        <Line name={t.checkpoint}><pre class="checkpoint" tabIndex={0}>{m.checkpoint}</pre></Line>
      )}
    </>
  );
}

export function Provenance({ m, setting }: { m: MeasurementPage; setting: Setting }) {
  return (
    <section aria-labelledby="origin">
      <h2 id="origin">{t.origin}</h2>
      <div class="card">
        <table class="provenance">
          <caption class="unseen">{t.originCaption}</caption>
          <tbody>
            <Files m={m} />
            <Setup m={m} />
            <Received m={m} zone={setting.zone} />
            <Judges m={m} zone={setting.zone} />
            <Log m={m} />
          </tbody>
        </table>
      </div>
    </section>
  );
}
