// Addresses say what a page shows: path and query are the whole state, and back works.

import { useEffect, useState } from "preact/hooks";

export interface Place {
  path: string;
  query: URLSearchParams;
}

const listeners = new Set<() => void>();

export function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

/** The chosen recorded time as it stands in the address, or null for now. */
export function asOf(): string | null {
  const chosen = here().query.get("as_of");
  return chosen && Number.isFinite(Date.parse(chosen)) ? chosen : null;
}

/** An address inside the application; the chosen as-of time travels along. */
export function href(path: string, query: Record<string, string | null | undefined> = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") params.set(key, value);
  }
  const chosen = asOf();
  if (chosen && !("as_of" in query)) params.set("as_of", chosen);
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

export const instrumentHref = (id: string) => href(`/instruments/${encodeURIComponent(id)}`);
export const measurementHref = (key: string) => href(`/measurements/${encodeURIComponent(key)}`);

function announce(): void {
  for (const listener of listeners) listener();
}

export function go(address: string): void {
  const samePath = new URL(address, location.href).pathname === location.pathname;
  history.pushState(null, "", address);
  announce();
  if (samePath) return;
  scrollTo(0, 0);
  // People who do not see the change are told by the focus on the new heading.
  requestAnimationFrame(() => document.querySelector<HTMLElement>("#content")?.focus());
}

/** Changes keys of the query in place; typing in a filter leaves no trail of back steps. */
export function setQuery(changes: Record<string, string | null>, trail = false): void {
  const query = here().query;
  for (const [key, value] of Object.entries(changes)) {
    if (value) query.set(key, value);
    else query.delete(key);
  }
  const text = query.toString();
  const address = location.pathname + (text ? `?${text}` : "");
  if (trail) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  announce();
}

/** Plain clicks on own links change the page without loading it again. */
export function followLinks(): void {
  addEventListener("popstate", announce);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) {
      return;
    }
    const path = link.pathname;
    const own = path === "/" || path === "/account" || path === "/sign-in" || /^\/(instruments|measurements)(\/|$)/.test(path);
    if (!own || link.getAttribute("href")?.startsWith("#")) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}

export function usePlace(): Place {
  const [place, set] = useState(here);
  useEffect(() => {
    const listener = () => set(here());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return place;
}
