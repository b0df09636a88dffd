// What the pages know of the service: each address is asked every 15 s with its ETag, and how long
// ago the service last answered decides whether a verdict may still be shown.

import { useEffect } from "preact/hooks";
import { useRedraw } from "./redraw.ts";
import { noteServerTime } from "./now.ts";

const kPollMs = 15_000;
const kRetryMs = 4_000;
const kMaxPages = 40;

export type Status = "loading" | "ready" | "missing" | "forbidden" | "failed";

interface Listed {
  items?: unknown[];
  next_cursor?: string | null;
  as_of?: string;
}

class Problem extends Error {
  constructor(readonly status: number) {
    super(`HTTP ${status}`);
  }
}

interface Page {
  etag: string | null;
  body: Listed;
}

/** When the service last answered, and how often each address has failed to since. */
const contact = { lastMs: null as number | null, failing: new Map<string, number>() };
const watchers = new Set<() => void>();

function failures(): number {
  return Math.max(0, ...contact.failing.values());
}

function note(url: string, answered: boolean): void {
  const before = failures();
  if (answered) {
    contact.failing.delete(url);
    contact.lastMs = Date.now();
  } else {
    contact.failing.set(url, (contact.failing.get(url) ?? 0) + 1);
  }
  if (before !== failures()) for (const watcher of watchers) watcher();
}

class Resource {
  status: Status = "loading";
  data: Listed | null = null;
  private pages = new Map<string, Page>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private busy = false;
  readonly users = new Set<() => void>();

  constructor(readonly url: string) {}

  add(user: () => void): void {
    this.users.add(user);
    if (this.users.size === 1) void this.ask();
  }

  remove(user: () => void): void {
    this.users.delete(user);
    if (this.users.size > 0) return;
    if (this.timer) clearTimeout(this.timer);
    if (contact.failing.delete(this.url)) for (const watcher of watchers) watcher();
  }

  async ask(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    if (this.timer) clearTimeout(this.timer);
    let wait = kPollMs;
    try {
      await this.load();
      note(this.url, true);
    } catch (error) {
      wait = this.failed(error);
    }
    this.busy = false;
    for (const user of this.users) user();
    if (this.users.size > 0) this.timer = setTimeout(() => void this.ask(), wait);
  }

  private failed(error: unknown): number {
    const status = error instanceof Problem ? error.status : 0;
    const answered = status >= 400 && status < 500 && status !== 408 && status !== 429;
    note(this.url, answered);
    if (status === 404 || status === 400 || status === 422) this.status = "missing";
    else if (status === 401 || status === 403) this.status = "forbidden";
    else if (!this.data) this.status = "failed";
    return answered ? kPollMs : kRetryMs;
  }

  /** Loads the list's pages and joins them; an unchanged answer keeps the old data. */
  private async load(): Promise<void> {
    const first = await this.page(this.url);
    let next = first.body.next_cursor;
    const pages = [first.body];
    for (let n = 1; next && n < kMaxPages; n += 1) {
      const url = new URL(this.url, location.href);
      url.searchParams.set("cursor", next);
      const more = (await this.page(url.pathname + url.search)).body;
      pages.push(more);
      next = more.next_cursor;
    }
    this.status = "ready";
    this.data =
      pages.length === 1 ? first.body : { ...first.body, items: pages.flatMap((p) => p.items ?? []) };
  }

  private async page(url: string): Promise<Page> {
    const known = this.pages.get(url);
    const headers: Record<string, string> = { Accept: "application/json" };
    if (known?.etag) headers["If-None-Match"] = known.etag;
    const answer = await fetch(url, { headers, cache: "no-store", signal: timeLimit(10_000) });
    if (answer.status === 304 && known) return known;
    if (!answer.ok) throw new Problem(answer.status);
    const body = (await answer.json()) as Listed;
    const page = { etag: answer.headers.get("ETag"), body };
    this.pages.set(url, page);
    if (body.as_of && !url.includes("as_of=")) noteServerTime(body.as_of);
    return page;
  }
}

/** AbortSignal.timeout is younger than some browsers on microscope computers. */
function timeLimit(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), ms);
  return controller.signal;
}

const resources = new Map<string, Resource>();

function resource(url: string): Resource {
  let found = resources.get(url);
  if (!found) {
    found = new Resource(url);
    resources.set(url, found);
  }
  return found;
}

addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") askAgain();
});

/** Asks every address that is shown again, at once: after a write. */
export function askAgain(): void {
  for (const r of resources.values()) if (r.users.size > 0) void r.ask();
}

export interface Answer<T> {
  status: Status;
  data: T | null;
}

/** The answer of `url`, kept fresh while a component uses it; null asks nothing. */
export function useResource<T>(url: string | null): Answer<T> {
  const redraw = useRedraw();
  useEffect(() => {
    if (!url) return undefined;
    const r = resource(url);
    r.add(redraw);
    return () => r.remove(redraw);
  }, [url]);
  const r = url ? resource(url) : null;
  return { status: r?.status ?? "loading", data: (r?.data as T | null | undefined) ?? null };
}

/** An API address with its query; the chosen as-of time is part of every request. */
export function api(
  path: string, asOf: string | null, query: Record<string, string | null | undefined> = {},
): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value) params.set(key, value);
  if (asOf) params.set("as_of", asOf);
  const text = params.toString();
  return `/api/v1/${path}${text ? `?${text}` : ""}`;
}

export type Contact = "fine" | "stale" | "away";

/** One lost answer is a hiccup; a second one means that nothing is known any more. */
export function useContact(): { contact: Contact; lastMs: number | null } {
  const redraw = useRedraw();
  useEffect(() => {
    watchers.add(redraw);
    return () => void watchers.delete(redraw);
  }, []);
  const worst = failures();
  const state = worst === 0 ? "fine" : worst < 2 && contact.lastMs ? "stale" : "away";
  return { contact: state, lastMs: contact.lastMs };
}
