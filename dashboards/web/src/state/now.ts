// The time by which verdicts age is the service's, not that of a computer whose clock may be wrong
// (and in the demonstration the service lives in a simulated year).

import { useEffect } from "preact/hooks";
import { useRedraw } from "./redraw.ts";
import { asOf } from "./router.ts";

const kTickMs = 5_000;
let offsetMs = 0;

export function noteServerTime(time: string): void {
  const ms = Date.parse(time);
  if (Number.isFinite(ms)) offsetMs = ms - Date.now();
}

/** The service's time now, or the recorded time that the reader chose. */
export function now(): number {
  const chosen = asOf();
  return chosen ? Date.parse(chosen) : Date.now() + offsetMs;
}

/** A moment of this computer's clock in the service's time. */
export function serverMoment(localMs: number): number {
  return localMs + offsetMs;
}

/** `now()`, with a redraw every few seconds, so that ages and validity move by themselves. */
export function useNow(): number {
  const redraw = useRedraw();
  useEffect(() => {
    const timer = setInterval(redraw, kTickMs);
    return () => clearInterval(timer);
  }, []);
  return now();
}
