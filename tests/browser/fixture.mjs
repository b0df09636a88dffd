// A stand-in for the service with made-up answers, for the states that a real record cannot be
// brought into on demand: no instrument, 300 instruments, very long names, a service that is away,
// a verdict that lapses while one looks. Usage by hand: node fixture.mjs DIST_DIR [PORT] [SCENARIO]
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

export const kPolicy =
  "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

const kDay = 86400e3;
const iso = (ms) => new Date(ms).toISOString();
const hex = (text) => createHash("sha256").update(text).digest("hex");

/** A seeded generator: the same pages on every run. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

function gaussian(rand) {
  return Math.sqrt(-2 * Math.log(rand() + 1e-12)) * Math.cos(2 * Math.PI * rand());
}

const kProfiles = [
  { id: "routine", name: "Routine imaging" },
  { id: "intensity", name: "Quantitative intensity" },
  { id: "coloc", name: "Co-localisation" },
];

const verdict = (profile, word, now, reasons = [], ageDays = 3) => ({
  profile, configuration: "63x-561", verdict: word, reasons,
  valid_until: word === "not_in_scope" ? null : iso(now + 27 * kDay),
  next_due: word === "not_in_scope" ? null : iso(now + 20 * kDay),
  data_age_s: word === "not_in_scope" ? null : ageDays * 86400,
});

const reason = (code, severity, text, sinceMs, evidence = null) => ({
  code, severity, text, since: iso(sinceMs), evidence,
});

function fleetItems(now) {
  const failed = reason("qc_failed", "out_of_spec",
    "FWHM z over theory is 1.62 ± 0.05, limit 1.5; confirmed by a repeat", now - 2 * kDay, hex("m-0-59"));
  const warning = reason("qc_warning", "in_spec_with_conditions",
    "Mean power at 488 nm is 7.1 mW, inside the warning band that begins at 7.2 mW", now - 9 * kDay);
  const overdue = reason("qc_overdue", "unknown", "PSF-03 is overdue since 11 days", now - 11 * kDay);
  const never = reason("never_tested", "unknown", "ILL-01 was never done on this configuration", now - 40 * kDay);
  const rows = [
    ["lsm-1", "LSM 1", "Room 2.14", "confocal", ["in_spec", "in_spec", "in_spec"], []],
    ["lsm-2", "LSM 2", "Room 2.14", "confocal", ["out_of_spec", "in_spec", "out_of_spec"], [failed]],
    ["sd-1", "Spinning disk 1", "Room 2.16", "spinning disk", ["unknown", "in_spec", "not_in_scope"], [overdue]],
    ["tirf-1", "TIRF 1", "Room 2.20", "TIRF", ["in_spec", "in_spec_with_conditions", "not_in_scope"], [warning]],
    ["wf-4", "Widefield 4", "Room 1.02", "widefield", ["in_spec", "in_spec", "not_in_scope"], []],
    ["lsm-0", "LSM 0", "Room 1.01, training", "confocal", ["unknown", "unknown", "not_in_scope"], [never]],
  ];
  return rows.map(([id, name, place, technique, words, reasons], n) => ({
    id, name, place, technique, responsible: n % 2 ? "Ana Sousa" : "Ivo Marek",
    next_due: iso(now + (n === 2 ? -4 : 3 + 4 * n) * kDay),
    last_measured_at: iso(now - (n + 1) * kDay),
    verdicts: words.map((word, i) =>
      verdict(kProfiles[i].id, word, now,
        word === "in_spec" || word === "not_in_scope" ? [] : reasons.filter((r) => r.severity === word).concat(
          reasons.some((r) => r.severity === word) ? [] : reasons), n + 1)),
  }));
}

function instruments(scenario, now) {
  const body = {
    as_of: iso(now),
    facility: { name: "Imaging Facility", time_zone: "Europe/Lisbon", log_origin: "demo/etalon", demo: true },
    profiles: kProfiles, items: fleetItems(now), next_cursor: null,
  };
  if (scenario === "empty") body.items = [];
  if (scenario === "calm") {
    body.items = body.items.slice(0, 4).map((item) => ({
      ...item, verdicts: kProfiles.map((p) => verdict(p.id, "in_spec", now)),
    }));
  }
  if (scenario === "lapsing") {
    body.items = [{ ...body.items[0], verdicts: [{ ...verdict("routine", "in_spec", now), valid_until: iso(now + 2500) }] }];
  }
  if (scenario === "many" || scenario === "long") {
    const base = body.items;
    const count = scenario === "many" ? 300 : 6;
    body.items = Array.from({ length: count }, (_, n) => ({
      ...base[n % 6],
      id: `stand-${n}`,
      name: scenario === "long"
        ? `Zweiphotonen-Fluoreszenzmikroskop_mit_Temperaturkammer-und-Autofokus-Nummer-${n}.`.padEnd(80, "x").slice(0, 80)
        : `Stand ${n + 1}`,
    }));
  }
  return body;
}

function quantity(fields) {
  return {
    k: 2, u_parts: { estimate: fields.u * 0.5, reproducibility: fields.u * 0.86, reference: 0 },
    U: 2 * fields.u, channel: 0, channel_name: "561 nm", of: {}, judges: Boolean(fields.limit), ...fields,
  };
}

function latest(id, now) {
  const common = { acquired_at: iso(now - 2 * kDay), measurement: hex("m-0-59"), definition: "etalon.gauss3d/1" };
  const failing = id === "lsm-2";
  const theory = { of: { comparator: "metroloj_qc.confocal" }, definition: "metroloj_qc.fwhm1d/1" };
  return [
    quantity({ ...common, quantity: "psf.fwhm.x", name: "FWHM x", value: 0.24703, u: 0.003, unit: "um" }),
    quantity({ ...common, quantity: "psf.fwhm.y", name: "FWHM y", value: 0.25122, u: 0.0031, unit: "um" }),
    quantity({ ...common, quantity: "psf.fwhm.z", name: "FWHM z", value: failing ? 0.9183 : 0.781, u: 0.014, unit: "um" }),
    quantity({ ...common, ...theory, quantity: "psf.fwhm_ratio.lateral", name: "FWHM lateral / theory", value: 1.2134, u: 0.0151, unit: "1",
      limit: { upper: 1.5, source: "MetroloJ_QC" }, outcome: "pass", p_conformance: 1 }),
    quantity({ ...common, ...theory, quantity: "psf.fwhm_ratio.axial", name: "FWHM axial / theory", value: failing ? 1.62 : 1.34, u: 0.026, unit: "1",
      limit: { upper: 1.5, warning_upper: 1.4, source: "MetroloJ_QC" }, outcome: failing ? "fail" : "pass", p_conformance: failing ? 0.000002 : 0.9999 }),
    quantity({ ...common, quantity: "psf.asymmetry", name: "Lateral asymmetry", value: 0.938, u: 0.0104, unit: "1",
      limit: { lower: 0.85 }, outcome: "pass", p_conformance: 1 }),
    quantity({ ...common, quantity: "illumination.uniformity", name: "Uniformity", definition: "etalon.tiles/1", value: 0.912, u: 0.008, unit: "1",
      limit: { lower: 0.9 }, outcome: "conditional_pass", p_conformance: 0.933, u_parts: { estimate: 0.008 } }),
    quantity({ ...common, quantity: "power.mean", name: "Mean power", definition: "etalon.segment/1", value: 7.912, u: 0.08, unit: "mW",
      of: { line_nm: 488, setting_percent: 10 }, channel: null, channel_name: null, limit: { lower: 7, upper: 9 }, outcome: "pass", p_conformance: 1 }),
  ];
}

function rows(id, now, count = 30) {
  const failing = id === "lsm-2";
  return Array.from({ length: count }, (_, n) => ({
    key: hex(`m-0-${59 - n}`), instrument: id, configuration: "63x-561",
    procedure: n % 3 === 1 ? "ILL-01" : "PSF-03",
    procedure_title: n % 3 === 1 ? "Field illumination" : "Point spread function, 100 nm beads",
    analysis: n % 3 === 1 ? "illumination" : "psf",
    purpose: n === 0 ? "repeat" : "as_found",
    acquired_at: iso(now - (2 + 6 * n) * kDay), received_at: iso(now - (2 + 6 * n) * kDay + 240e3),
    outcome: failing && n < 2 ? "fail" : n === 4 ? "conditional_pass" : n === 9 ? "unmeasurable" : "pass",
    review: "released_by_rule", log_index: 410 - 2 * n,
  }));
}

function instrument(scenario, id, now) {
  const item = instruments(scenario, now).items.find((i) => i.id === id);
  if (!item) return null;
  const configuration = {
    id: "63x-561", name: "63× oil, 561 nm", instrument: id, subject: `${id}/63x-561`,
    setup: { numerical_aperture: 1.4, refractive_index: 1.518, emission_nm: 590, pixel_size_um: 0.065, modality: "confocal" },
    verdicts: item.verdicts,
    procedures: [
      { procedure: "PSF-03", version: 4, title: "Point spread function, 100 nm beads", analysis: "psf", due: iso(now + 20 * kDay),
        overdue_from: iso(now + 27 * kDay), state: "current", last_measurement: hex("m-0-59") },
      { procedure: "ILL-01", version: 2, title: "Field illumination", analysis: "illumination", due: iso(now - 2 * kDay),
        overdue_from: iso(now + 5 * kDay), state: "due", last_measurement: hex("m-0-58") },
    ],
    quantities: latest(id, now),
  };
  const second = {
    id: "20x-488", name: "20× air, 488 nm", instrument: id, subject: `${id}/20x-488`,
    setup: { numerical_aperture: 0.8, modality: "confocal" }, verdicts: [verdict("routine", "unknown", now,
      [reason("never_tested", "unknown", "PSF-03 was never done on this configuration", now - 9 * kDay)])],
    procedures: [{ procedure: "PSF-03", version: 4, title: "Point spread function, 100 nm beads", analysis: "psf", due: null, overdue_from: null, state: "never", last_measurement: null }],
    quantities: [],
  };
  return { as_of: iso(now), ...item, configurations: [second, configuration], measurements: rows(id, now) };
}

function series(query, now) {
  const id = query.get("subject").split("/")[0];
  const q = latest(id, now).find((one) => one.quantity === query.get("quantity") && one.definition === query.get("definition"));
  if (!q) return null;
  const rand = random(7);
  const points = Array.from({ length: 60 }, (_, n) => {
    const share = n > 40 && q.outcome === "fail" ? (n - 40) / 19 : 0;
    const start = q.outcome === "fail" ? 0.82 : 1;
    const value = q.value * (start + (1 - start) * share) + gaussian(rand) * q.u * 0.7;
    const upper = q.limit?.upper && n < 20 ? q.limit.upper * 1.1 : q.limit?.upper;
    const { lower } = q.limit ?? {};
    const outside = (upper && value > upper) || (lower && value < lower);
    const inside = (upper && value + q.U > upper) || (lower && value - q.U < lower);
    return {
      t: iso(now - (2 + 6 * (59 - n)) * kDay), value: n === 59 ? q.value : value, u: q.u, U: q.U, measurement: hex(`m-0-${n}`),
      outcome: !q.limit ? null : n === 30 ? "method_not_capable" : outside ? "fail" : inside ? "conditional_pass" : "pass",
      lower: lower ?? null, upper: upper ?? null, received_at: iso(now - (2 + 6 * (59 - n)) * kDay + 240e3),
    };
  });
  return { subject: query.get("subject"), quantity: q.quantity, name: q.name, definition: q.definition, unit: q.unit, points, segments: [], signals: [], events: [] };
}

function beads() {
  const rand = random(3);
  const reasons = ["edge", "too_close", "saturated", "low_snr", "edge", "too_close", "z_edge"];
  return Array.from({ length: 45 }, (_, n) => ({
    kind: "bead", channel: 0, state: n < 38 ? "kept" : "rejected", ...(n < 38 ? {} : { reason: reasons[n - 38] }),
    position_um: [rand() * 66, rand() * 66, 3 + rand()],
    quantities: n < 38 ? ["x", "y", "z"].map((axis, i) => ({
      id: `psf.fwhm.${axis}`, definition: "etalon.gauss3d/1", unit: "um",
      value: [0.247, 0.251, 0.918][i] * (1 + 0.03 * gaussian(rand)), u: 0.004 })) : [],
  }));
}

/** Leaf, path and root of a two-entry tree, so that the page's own check has something to check. */
function proof() {
  const leaf = createHash("sha256").update(Buffer.from([0])).update("entry").digest();
  const other = createHash("sha256").update(Buffer.from([0])).update("other").digest();
  const root = createHash("sha256").update(Buffer.from([1])).update(leaf).update(other).digest();
  return {
    proof: { log_index: 0, tree_size: 2, leaf_hash: leaf.toString("hex"), inclusion: [other.toString("hex")] },
    checkpoint: `demo/etalon\n2\n${root.toString("base64")}\n\n— demo/etalon ${Buffer.from("signature").toString("base64")}\n`,
  };
}

function measurement(key, now) {
  const row = [...rows("lsm-2", now, 60)].find((m) => m.key === key);
  if (!row) return null;
  const quantities = latest("lsm-2", now).slice(0, 6).map(({ quantity: id, name: _n, acquired_at: _a, measurement: _m, judges: _j, U: _U, k: _k, ...rest }) => ({ id, ...rest }));
  return {
    ...row, procedure: "PSF-03", procedure_title: "Point spread function, 100 nm beads", analysis: "psf",
    performer: "ana", agent: { name: "confocal-room", version: "0.1.0" }, measured_at: row.received_at,
    decision: {
      measurement: key, outcome: row.outcome, reasons: row.outcome === "fail" ? ["qc_failed"] : [], review: "released_by_rule", clear_fail: row.outcome === "fail",
      warning: false, uncertainty_incomplete: false, attributed: true, acquired_at: row.acquired_at, log_index: row.log_index + 1,
      judged_by: {
        procedure: { id: "PSF-03", version: 4 }, limit_set: { version: 6 }, decision_rule: { guard_band_ratio: 1, coverage_factor: 2 },
        software: { measured: { name: "etalon", version: "0.1.0", build: "release" }, decided: "etalon/0.1.0", build: "release" }, configuration_fingerprint: hex("configuration"), agent: { name: "confocal-room", version: "0.1.0" },
        repeat_study: { instrument: "lsm-2", configuration: "63x-561", procedure: "PSF-03", values: ["x", "y", "z"].map((axis) => ({
          quantity: `psf.fwhm.${axis}`, definition: "etalon.gauss3d/1",
          repeats: Array.from({ length: 12 }, (_, n) => ({ value: 0.25, u_estimate: 0.002, performer: n % 2 ? "ana" : "ivo", day: `2026-01-0${1 + (n % 6)}` })) })) },
        scale_record: { instrument: "lsm-2", configuration: "63x-561", certificate: "S-7", relative_u: 0.004, valid_until: iso(now + 200 * kDay) },
      },
      quantities,
    },
    document: {
      schema: "etalon.measurement/1", analysis: "psf", software: { name: "etalon", version: "0.1.0", build: "release" },
      inputs: [{ name: "psf_63x_561_0231.ome.tif", sha256: hex("raw"), bytes: 33568244, format: "ome-tiff" }],
      acquired_at: row.acquired_at, measured_at: row.received_at,
      setup: {
        pixel_size_x_um: { value: 0.065, source: "file" }, pixel_size_y_um: { value: 0.065, source: "file" }, z_step_um: { value: 0.2, source: "option" },
        numerical_aperture: { value: 1.4, source: "configuration" }, emission_nm: { value: 590, source: "configuration" }, modality: { value: "confocal", source: "configuration" },
        bead_diameter_um: { value: 0.1, source: "default" },
      },
      quantities: [...quantities, { id: "psf.beads.kept", definition: "etalon.count/1", value: 38, unit: "1" },
        { id: "psf.snr", definition: "etalon.gauss3d/1", value: 41.23, unit: "1", channel: 0, channel_name: "561 nm" }],
      objects: beads(),
      findings: [
        { code: "saturated", severity: "warning", text: "0.02 % of the pixels are saturated; three beads were rejected for it.", channel: 0 },
        { code: "settings_not_stated", severity: "info", text: "The file does not state the pinhole; the procedure does not ask for it." },
      ],
    },
    pictures: ["psf_xy", "psf_xz", "psf_yz", "psf_profiles"].map((name) => ({
      name, media_type: "image/svg+xml", sha256: hex(name), url: `/api/v1/blobs/${hex(name)}` })),
    raw: [{ name: "psf_63x_561_0231.ome.tif", sha256: hex("raw"), bytes: 33568244, archived: true, url: `/api/v1/blobs/${hex("raw")}` }],
    ...proof(),
  };
}

function picture(name) {
  const wide = name === "psf_profiles";
  const [w, h] = wide ? [480, 160] : name === "psf_xy" ? [180, 180] : [180, 260];
  const rings = [40, 26, 12].map((r, n) => `<ellipse cx="${w / 2}" cy="${h / 2}" rx="${r}" ry="${r * (h / w)}" fill="rgb(${n * 90 + 40},${n * 90 + 40},${n * 90 + 40})"/>`);
  const curve = '<path d="M10 140C150 140 190 20 240 20S330 140 470 140" fill="none" stroke="#1f5fbf" stroke-width="2"/>';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}"><rect width="${w}" height="${h}" fill="${wide ? "#fff" : "#000"}"/>${wide ? curve : rings.join("")}</svg>`;
}

function answer(url, scenario, now) {
  const at = url.searchParams.get("as_of") ? Math.min(now, Date.parse(url.searchParams.get("as_of"))) : now;
  const [, , , kind, id] = url.pathname.split("/").map(decodeURIComponent);
  if (kind === "instruments") return id ? instrument(scenario, id, at) : paged(instruments(scenario, at), url);
  if (kind === "measurements") return measurement(id, at);
  if (kind === "series") return series(url.searchParams, at);
  if (kind === "events") return { items: [{ log_index: 0, event: { body: { document: hex("raw") } } }], next_cursor: null };
  if (kind === "session") return { subject: null, role: null };
  return null;
}

function paged(body, url) {
  const from = Number(url.searchParams.get("cursor") ?? 0);
  const items = body.items.slice(from, from + 100);
  return { ...body, items, next_cursor: from + 100 < body.items.length ? String(from + 100) : null };
}

const kTypes = { ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8" };

/** Serves `dist` and made-up answers. `control.scenario` and `control.away` change what it says. */
export async function startFixture(dist, port = 0) {
  const control = { scenario: "busy", away: false, slowMs: 0, requests: [] };
  const started = Date.now();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://fixture");
    const send = (status, type, body, more = {}) => {
      response.writeHead(status, { "Content-Type": type, "Content-Security-Policy": kPolicy, "X-Content-Type-Options": "nosniff", ...more });
      response.end(body);
    };
    control.requests.push(request.url);
    if (url.pathname.startsWith("/api/")) {
      if (control.away) return request.socket.destroy();
      if (control.slowMs) await new Promise((done) => setTimeout(done, control.slowMs));
      const name = ["psf_xy", "psf_xz", "psf_yz", "psf_profiles"].find((n) => url.pathname.endsWith(hex(n)));
      if (name) return send(200, "image/svg+xml", picture(name));
      const body = answer(url, control.scenario, control.scenario === "lapsing" ? started : Date.now());
      if (!body) return send(404, "application/problem+json", JSON.stringify({ type: "not_found", status: 404 }));
      return send(200, "application/json", JSON.stringify(body), { ETag: `"${hex(JSON.stringify(body)).slice(0, 16)}"` });
    }
    const file = url.pathname.startsWith("/assets/") ? url.pathname : "/index.html";
    try {
      return send(200, kTypes[path.extname(file)], await readFile(path.join(dist, file)));
    } catch {
      return send(404, "text/plain", "no such asset");
    }
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    control,
    close: () => new Promise((done) => {
      server.closeAllConnections();
      server.close(done);
    }),
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const fixture = await startFixture(path.resolve(process.argv[2]), Number(process.argv[3] ?? 8099));
  fixture.control.scenario = process.argv[4] ?? "busy";
  console.log(fixture.url);
}
