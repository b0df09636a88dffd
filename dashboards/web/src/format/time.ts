// Times in the facility's zone: absolute on pages, relative in lists.

const kThin = "\u202f";
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let found = formatters.get(key);
  if (!found) {
    try {
      found = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
    } catch {
      found = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
    }
    formatters.set(key, found);
  }
  return found;
}

const kMonths = [
  "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

/** The calendar fields of an instant in a zone. */
export function fieldsIn(zone: string, ms: number): Fields {
  const parts = formatter(zone, {
    year: "numeric", month: "numeric", day: "numeric",
    hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23",
  }).formatToParts(new Date(ms));
  const field = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return {
    year: field("year"), month: field("month"), day: field("day"),
    hour: field("hour"), minute: field("minute"), second: field("second"),
  };
}

const two = (n: number) => String(n).padStart(2, "0");

function parse(time: string | number | null | undefined): number | null {
  if (time === null || time === undefined || time === "") return null;
  const ms = typeof time === "number" ? time : Date.parse(time);
  return Number.isFinite(ms) ? ms : null;
}

/** "21 Nov 2026"; a dash when there is no time. */
export function day(time: string | number | null | undefined, zone: string): string {
  const ms = parse(time);
  if (ms === null) return "–";
  const f = fieldsIn(zone, ms);
  return `${f.day} ${kMonths[f.month - 1]} ${f.year}`;
}

/** "21 Nov 2026 08:52". */
export function minute(time: string | number | null | undefined, zone: string): string {
  const ms = parse(time);
  if (ms === null) return "–";
  const f = fieldsIn(zone, ms);
  return `${day(ms, zone)} ${two(f.hour)}:${two(f.minute)}`;
}

/** "08:52". */
export function clock(time: string | number | null | undefined, zone: string): string {
  const ms = parse(time);
  if (ms === null) return "–";
  const f = fieldsIn(zone, ms);
  return `${two(f.hour)}:${two(f.minute)}`;
}

/** "21 Nov" within half a year of `now`, with the year beyond that. */
export function shortDay(
  time: string | number | null | undefined, zone: string, now: number,
): string {
  const ms = parse(time);
  if (ms === null) return "–";
  const f = fieldsIn(zone, ms);
  const near = Math.abs(ms - now) < 183 * 86400e3;
  return `${f.day} ${kMonths[f.month - 1]}${near ? "" : " " + f.year}`;
}

const kSteps: [number, string][] = [
  [365.25 * 86400, "y"],
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
];

/** The amount of one duration: "3 d", "41 min"; below a minute "0 min". */
export function span(seconds: number): string {
  const s = Math.abs(seconds);
  for (const [size, name] of kSteps) {
    const enough = name === "y" ? s >= 2 * size : s >= size;
    if (enough) return `${Math.floor(s / size)}${kThin}${name}`;
  }
  return `0${kThin}min`;
}

/** "3 d ago", "in 2 d", "now". */
export function relative(time: string | number | null | undefined, now: number): string {
  const ms = parse(time);
  if (ms === null) return "–";
  const seconds = (ms - now) / 1000;
  if (Math.abs(seconds) < 60) return "now";
  return seconds < 0 ? `${span(seconds)} ago` : `in ${span(seconds)}`;
}

/** "2026-11-21" in the zone, as a date field wants it. */
export function isoDay(time: string | number, zone: string): string {
  const ms = parse(time);
  if (ms === null) return "";
  const f = fieldsIn(zone, ms);
  return `${f.year}-${two(f.month)}-${two(f.day)}`;
}

/** The last second of a calendar day in the zone, as RFC 3339 UTC. */
export function endOfDay(date: string, zone: string): string | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date);
  if (!match) return null;
  const wanted = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]), 23, 59, 59);
  let guess = wanted;
  // Two rounds settle the zone's offset, also on the days when it changes.
  for (let round = 0; round < 2; round += 1) {
    const f = fieldsIn(zone, guess);
    const seen = Date.UTC(f.year, f.month - 1, f.day, f.hour, f.minute, f.second);
    guess += wanted - seen;
  }
  return new Date(guess).toISOString().replace(".000Z", "Z");
}

/** Instants at which axis labels stand: "Mar 2026", "12 Mar", "08:52" by the distance of ticks. */
export function axisLabels(seconds: number[], zone: string): string[] {
  const step = seconds.length > 1 ? (seconds[1] ?? 0) - (seconds[0] ?? 0) : 86400;
  let lastYear: number | null = null;
  return seconds.map((s) => {
    const f = fieldsIn(zone, s * 1000);
    const year = f.year === lastYear ? "" : ` ${f.year}`;
    lastYear = f.year;
    if (step >= 27 * 86400) return `${kMonths[f.month - 1]}${year}`;
    if (step >= 23 * 3600) return `${f.day} ${kMonths[f.month - 1]}${year}`;
    return `${f.day} ${kMonths[f.month - 1]} ${two(f.hour)}:${two(f.minute)}`;
  });
}
