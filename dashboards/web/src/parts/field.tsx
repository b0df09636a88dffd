// A labelled field of a form, and the line that says what came of sending it.

import type { JSX } from "preact";

export function Field({ label, hint, id, ...input }: {
  label: string;
  hint?: string;
  id: string;
} & JSX.IntrinsicElements["input"]) {
  return (
    <p class="field">
      <label for={id}>{label}</label>
      <input id={id} aria-describedby={hint ? `${id}-hint` : undefined} {...input} />
      {hint && <small id={`${id}-hint`}>{hint}</small>}
    </p>
  );
}

export function Outcome({ problem, done }: { problem: string; done: string }) {
  return (
    <p class="outcome" role="status">
      {problem ? <strong class="out">{problem}</strong> : done}
    </p>
  );
}

/** A form's field by its name, as text. */
export function valueOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === "string" ? value : "";
}
