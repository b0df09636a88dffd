// Who is signed in, and the writes that the pages make. The session itself is a cookie that no
// script can read; a write sends back the word that the service gave this session.

import { useResource, type Answer } from "./resource.ts";
import { here, href } from "./router.ts";

export interface Session {
  subject: string | null;
  role: string | null;
  name?: string;
  rights?: string[];
  password?: "initial" | "own";
  csrf?: string;
  /** A cookie came whose session has ended. */
  over?: boolean;
}

export interface SessionItem {
  id: string;
  created_at: string;
  seen_at: string;
  address: string;
  client: string;
  current: boolean;
}

export interface TokenItem {
  id: string;
  name: string;
  rights: string[];
  created_at: string;
  expires_at: string;
  used_at: string;
  state: "in_force" | "expired" | "revoked";
}

export const kSession = "/api/v1/session";
export const kSessions = "/api/v1/account/sessions";
export const kTokens = "/api/v1/tokens";

export function useSession(): Answer<Session> {
  return useResource<Session>(kSession);
}

/** What came of a write: an answer, or the service's sentence on why not. */
export interface Sent {
  status: number;
  body: Record<string, unknown>;
  problem: string;
}

export async function send(path: string, body: object): Promise<Sent> {
  try {
    const session = (await (await fetch(kSession, { cache: "no-store" })).json()) as Session;
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (session.csrf) headers["Etalon-Csrf"] = session.csrf;
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    const said = (await answer.json()) as Record<string, unknown>;
    const detail = typeof said.detail === "string" ? said.detail : "";
    return { status: answer.status, body: said, problem: answer.ok ? "" : detail || String(answer.status) };
  } catch {
    return { status: 0, body: {}, problem: "" };
  }
}

/** The page to come back to after signing in: one of ours, never another site's. */
export function nextPage(): string {
  const next = here().query.get("next") ?? "/";
  return /^\/(?![/\\])/.test(next) ? next : "/";
}

export function signInHref(): string {
  const { path, query } = here();
  if (path === "/sign-in") return path;
  const text = query.toString();
  return href("/sign-in", { next: path + (text ? `?${text}` : ""), as_of: null });
}

/** Everything known is known to who was signed in: the page begins anew. */
export function beginAnew(address: string): void {
  location.assign(address);
}

