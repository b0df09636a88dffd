// The five verdict shapes, and the shapes of single decisions. A shape never stands alone: its word
// is beside it.

import type { JSX } from "preact";
import { texts } from "../texts.ts";
import type { ProfileVerdict, Verdict } from "../types.ts";
import { known, wordOf } from "../verdict.ts";

const kClass: Record<Verdict, string> = {
  in_spec: "in",
  in_spec_with_conditions: "cond",
  out_of_spec: "out",
  unknown: "unk",
  not_in_scope: "na",
};

function Drawing({ shape }: { shape: Verdict }): JSX.Element {
  switch (shape) {
    case "in_spec":
      return <circle cx="7" cy="7" r="6" fill="currentColor" />;
    case "in_spec_with_conditions":
      return (
        <>
          <circle cx="7" cy="7" r="5.25" fill="none" stroke="currentColor" stroke-width="1.5" />
          <path d="M7 1.75a5.25 5.25 0 0 0 0 10.5z" fill="currentColor" />
        </>
      );
    case "out_of_spec":
      return (
        <>
          <rect x="1" y="1" width="12" height="12" rx="1.5" fill="currentColor" />
          <path d="M4.5 4.5l5 5m0-5l-5 5" class="cross" stroke-width="1.6" />
        </>
      );
    case "unknown":
      return (
        <circle cx="7" cy="7" r="5.25" fill="none" stroke="currentColor" stroke-width="1.5"
          stroke-dasharray="2.6 2.2" />
      );
    case "not_in_scope":
      return <path d="M3 7h8" stroke="currentColor" stroke-width="1.2" />;
  }
}

export function Shape({ shape }: { shape: Verdict }) {
  return (
    <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" focusable="false">
      <Drawing shape={shape} />
    </svg>
  );
}

export function Mark({ shape, word }: { shape: Verdict; word: string }) {
  return (
    <span class={`v ${kClass[shape]}`}>
      <Shape shape={shape} />
      {word}
    </span>
  );
}

export function VerdictMark({ v }: { v: ProfileVerdict }) {
  return <Mark shape={known(v.verdict)} word={wordOf(v)} />;
}

const kOutcomeShape: Record<string, Verdict> = {
  pass: "in_spec",
  conditional_pass: "in_spec_with_conditions",
  conditional_fail: "out_of_spec",
  fail: "out_of_spec",
};

/** A decision on one value or one measurement. */
export function OutcomeMark({ outcome }: { outcome: string | null | undefined }) {
  if (!outcome) return <Mark shape="not_in_scope" word={texts.chart.notJudged} />;
  const word = texts.outcome[outcome] ?? outcome.replace(/_/g, " ");
  return <Mark shape={kOutcomeShape[outcome] ?? "unknown"} word={word} />;
}
