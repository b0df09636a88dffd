// Numbers as a metrologist writes them: the expanded uncertainty to two significant digits, the
// value to the same decimal place, a true minus, thin spaces.

const kThin = "\u202f"; // narrow no-break space: groups digits, and keeps number and unit together
const kMinus = "\u2212";

const kUnits: Record<string, string> = {
  um: "µm",
  deg: "°",
  "um/min": "µm/min",
  "{px}": "px",
  "{adu}": "ADU",
  "{electron}": "e⁻",
  "{electron}/{adu}": "e⁻/ADU",
  "{electron}/s": "e⁻/s",
  "1/h": "h⁻¹",
};

/** The symbol people read for a UCUM unit; the unit one is not printed. */
export function unitSymbol(ucum: string | null | undefined): string {
  if (!ucum || ucum === "1") return "";
  return kUnits[ucum] ?? ucum;
}

/** " µm" with the space that belongs before it; "°" stands without one. */
function unitSuffix(ucum: string | null | undefined): string {
  const symbol = unitSymbol(ucum);
  if (symbol === "" || symbol === "°") return symbol;
  return kThin + symbol;
}

/** The decimal exponent of the last digit when `x` is written with `digits` significant digits. */
function lastPlace(x: number, digits: number): number {
  const rounded = Number(Math.abs(x).toPrecision(digits)); // 0.0996 has its digits at 0.10
  return Math.floor(Math.log10(rounded)) - (digits - 1);
}

/** Thin spaces in groups of three; four digits stand together. */
function grouped(text: string): string {
  const [whole = "0", fraction] = text.split(".");
  const parts = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, kThin) : whole;
  return parts + (fraction ? "." + fraction : "");
}

/** Writes `x` rounded to 10^place. */
function atPlace(x: number, place: number): string {
  const unit = 10 ** Math.max(0, place);
  const size = place > 0 ? Math.round(Math.abs(x) / unit) * unit : Math.abs(x);
  const text = size.toFixed(Math.max(0, -place));
  return (x < 0 && Number(text) !== 0 ? kMinus : "") + grouped(text);
}

const kSuperscript: Record<string, string> = {
  "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴",
  "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹",
};

function powerOfTen(exponent: number): string {
  const digits = String(exponent).replace(/./g, (c) => kSuperscript[c] ?? c);
  return `${kThin}×${kThin}10${digits}`;
}

/** The exponent to take out, or 0 when the number reads well as it is. */
function commonExponent(largest: number): number {
  if (largest === 0 || (largest >= 1e-4 && largest < 1e7)) return 0;
  return Math.floor(Math.log10(largest));
}

/** A number alone, to `digits` significant digits. */
export function plain(x: number | null | undefined, digits = 4): string {
  if (x === null || x === undefined || !Number.isFinite(x)) return "–";
  if (x === 0) return "0";
  const exponent = commonExponent(Math.abs(x));
  const scaled = x / 10 ** exponent;
  const text = atPlace(scaled, lastPlace(scaled, digits));
  return exponent === 0 ? text : text + powerOfTen(exponent);
}

/** A limit or a setting: what somebody chose, so its trailing zeros are not invented. */
export function chosen(x: number | null | undefined): string {
  if (x === null || x === undefined || !Number.isFinite(x)) return "–";
  const exponent = commonExponent(Math.abs(x));
  const text = String(Number((x / 10 ** exponent).toPrecision(12)));
  const body = (x < 0 ? kMinus : "") + grouped(text.replace("-", ""));
  return exponent === 0 ? body : body + powerOfTen(exponent);
}

export function withUnit(text: string, unit: string | null | undefined): string {
  return text + unitSuffix(unit);
}

/** "0.2470 ± 0.0060 µm"; without an uncertainty the value alone. */
export function valueWithU(
  value: number | null | undefined,
  expanded: number | null | undefined,
  unit: string | null | undefined,
): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (!expanded || !Number.isFinite(expanded) || expanded <= 0) {
    // A count is exact; its digits are not rounded and no decimals are added.
    return withUnit(Number.isInteger(value) ? chosen(value) : plain(value), unit);
  }
  const exponent = commonExponent(Math.max(Math.abs(value), expanded));
  const scale = 10 ** exponent;
  const place = lastPlace(expanded / scale, 2);
  const pair = `${atPlace(value / scale, place)}${kThin}±${kThin}${atPlace(expanded / scale, place)}`;
  if (exponent !== 0) return withUnit(`(${pair})${powerOfTen(exponent)}`, unit);
  return withUnit(pair, unit);
}

/** A probability to two digits; never rounded to the certainty that it is not. */
export function probability(p: number | null | undefined): string {
  if (p === null || p === undefined || !Number.isFinite(p)) return "–";
  if (p > 0.995 && p < 1) return ">" + kThin + "0.99";
  if (p < 0.005 && p > 0) return "<" + kThin + "0.01";
  return p.toFixed(2);
}

/** "3.4 MB" in decimal units. */
export function byteCount(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return "–";
  const names = ["bytes", "kB", "MB", "GB", "TB"];
  let amount = bytes;
  let step = 0;
  while (amount >= 999.5 && step < names.length - 1) {
    amount /= 1000;
    step += 1;
  }
  const text = step === 0 ? String(amount) : plain(amount, 3);
  return `${text}${kThin}${bytes === 1 ? "byte" : names[step]}`;
}
