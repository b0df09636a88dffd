// A table that becomes a list of cards on a narrow screen. The roles are written out because a
// browser drops them when a stylesheet changes how rows are laid out.

import type { ComponentChildren } from "preact";

export interface Column {
  head: string;
  numeric?: boolean;
  /** Left out of the card's labels: the first column is the card's title. */
  title?: boolean;
}

export function Table({
  caption, columns, children, showCaption, class: name,
}: {
  caption: string;
  columns: Column[];
  children: ComponentChildren;
  showCaption?: boolean;
  class?: string;
}) {
  return (
    <table role="table" class={`cards ${name ?? ""}`}>
      <caption class={showCaption ? "" : "unseen"}>{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((c) => (
            <th role="columnheader" scope="col" class={c.numeric ? "num" : ""} key={c.head}>
              {c.head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">{children}</tbody>
    </table>
  );
}

export function Row({ children, class: name }: { children: ComponentChildren; class?: string }) {
  return (
    <tr role="row" class={name ?? ""}>
      {children}
    </tr>
  );
}

export function Head({ children }: { children: ComponentChildren }) {
  return (
    <th role="rowheader" scope="row">
      {children}
    </th>
  );
}

export function Cell({
  label, numeric, children, class: name,
}: {
  label?: string;
  numeric?: boolean;
  children?: ComponentChildren;
  class?: string;
}) {
  return (
    <td role="cell" data-label={label} class={`${numeric ? "num" : ""} ${name ?? ""}`}>
      <div class="cell">{children}</div>
    </td>
  );
}

/** A row that spans the table: reasons opened in place. */
export function Wide({ span, id, children }: { span: number; id?: string; children: ComponentChildren }) {
  return (
    <tr role="row" class="wide" id={id}>
      <td role="cell" colSpan={span}>
        {children}
      </td>
    </tr>
  );
}
