// Why a verdict is what it is: each reason with its own severity, since when, and the evidence.

import { texts } from "../texts.ts";
import { shortDay } from "../format/time.ts";
import { measurementHref } from "../state/router.ts";
import type { ProfileVerdict, Reason } from "../types.ts";
import { known, sortedReasons } from "../verdict.ts";
import { Shape } from "./marks.tsx";

export function reasonText(reason: Reason): string {
  const text = reason.text || texts.decisionReason(reason.code);
  const where = reason.configuration;
  return where && !text.includes(where) ? `${where}: ${text}` : text;
}

/** The measurements that stand behind a reason. */
export function evidenceKeys(evidence: unknown): string[] {
  if (typeof evidence === "string") {
    return /^(measurement:)?[0-9a-f-]{32,64}$/.test(evidence) ? [evidence.replace("measurement:", "")] : [];
  }
  if (Array.isArray(evidence)) return evidence.flatMap(evidenceKeys);
  if (evidence && typeof evidence === "object") {
    return evidenceKeys((evidence as { measurement?: unknown }).measurement);
  }
  return [];
}

export function ReasonList({ v, zone, now }: { v: ProfileVerdict; zone: string; now: number }) {
  const reasons = sortedReasons(v);
  if (reasons.length === 0) {
    return (
      <p class="muted">
        {known(v.verdict) === "not_in_scope" ? texts.reason.notInScope : texts.reason.none}
      </p>
    );
  }
  return (
    <ul class="reasons">
      {reasons.map((reason, n) => (
        <li key={`${reason.code}${n}`}>
          <span class={`shape-${known(reason.severity)}`}>
            <Shape shape={known(reason.severity)} />
          </span>
          <span>
            <span class="unseen">{texts.verdict[known(reason.severity)]}: </span>
            {reasonText(reason)}
            {reason.since && (
              <span class="muted">, {texts.fleet.since(shortDay(reason.since, zone, now))}</span>
            )}
            {evidenceKeys(reason.evidence).slice(0, 3).map((key) => (
              <>
                {" "}
                <a href={measurementHref(key)} key={key}>
                  {texts.reason.evidence}
                </a>
              </>
            ))}
          </span>
        </li>
      ))}
    </ul>
  );
}
