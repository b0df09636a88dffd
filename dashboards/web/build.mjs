// Checks the types, bundles the pages and writes them as one C++ source file.
// Usage: node build.mjs WORK_DIR: holds package.json, node_modules and links to the sources.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

const work = path.resolve(process.argv[2] ?? ".");
const require = createRequire(path.join(work, "package.json"));

const kMediaTypes = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

function checkTypes() {
  const tsc = require.resolve("typescript/bin/tsc");
  const run = spawnSync(process.execPath, [tsc, "-p", work], { cwd: work, stdio: "inherit" });
  if (run.status !== 0) process.exit(1);
}

async function bundle() {
  const esbuild = require("esbuild");
  const result = await esbuild.build({
    absWorkingDir: work,
    entryPoints: { main: "src/main.tsx" },
    outdir: "dist",
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2021",
    jsx: "automatic",
    jsxImportSource: "preact",
    preserveSymlinks: true,
    legalComments: "eof",
    logLevel: "warning",
  });
  const files = result.outputFiles.map((f) => ({ name: path.basename(f.path), bytes: Buffer.from(f.contents) }));
  files.push({ name: "icon.svg", bytes: await readFile(path.join(work, "src/styles/icon.svg")) });
  return files;
}

/** Names hold a digest, so that a browser may keep a file for ever and never sees an old one. */
async function named(files) {
  let html = await readFile(path.join(work, "index.html"), "utf8");
  const assets = files.map(({ name, bytes }) => {
    const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
    const { name: stem, ext } = path.parse(name);
    const address = `/assets/${stem}-${digest}${ext}`;
    html = html.replaceAll(`{{${name}}}`, address);
    return { path: address, bytes, media: kMediaTypes[ext], immutable: true };
  });
  if (html.includes("{{")) throw new Error("index.html names a file that the bundle does not have");
  const page = { path: "/index.html", bytes: Buffer.from(html), media: kMediaTypes[".html"], immutable: false };
  return [page, ...assets];
}

/** The bytes as string literals; every other byte than plain text is an octal escape. */
function literal(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 96) {
    let line = "";
    for (const byte of bytes.subarray(at, at + 96)) {
      const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c && byte !== 0x3f;
      line += plain ? String.fromCharCode(byte) : "\\" + byte.toString(8).padStart(3, "0");
    }
    lines.push(`    "${line}"`);
  }
  return lines.length ? lines.join("\n") : '    ""';
}

function source(assets) {
  const rows = assets.map(
    (a) => `    {"${a.path}", "${a.media}",\n     {\n${literal(a.bytes)},\n     ${a.bytes.length}},\n     ${a.immutable}},`,
  );
  return `// Written by dashboards/web/build.mjs from the sources beside it.
#include "dashboards/web/assets.h"

namespace dashboards::web {
namespace {
constexpr Asset kAssets[] = {
${rows.join("\n")}
};
}  // namespace

std::span<const Asset> Assets() { return kAssets; }

}  // namespace dashboards::web
`;
}

/** Everything the result was made of, in the form that ninja and make read. */
async function dependencies() {
  const found = [];
  const visit = async (folder) => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) await visit(full);
      else found.push(full);
    }
  };
  await visit(path.join(work, "src"));
  const escaped = found.sort().map((file) => file.replace(/([ #$])/g, "\\$1"));
  return `${path.join(work, "assets.cpp")}: ${escaped.join(" \\\n  ")}\n`;
}

checkTypes();
const assets = await named(await bundle());
const dist = path.join(work, "dist");
await rm(dist, { recursive: true, force: true });
await mkdir(path.join(dist, "assets"), { recursive: true });
for (const asset of assets) await writeFile(path.join(dist, asset.path), asset.bytes);
await writeFile(path.join(work, "assets.cpp.d"), await dependencies());
await writeFile(path.join(work, "assets.cpp"), source(assets));
