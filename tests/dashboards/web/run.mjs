// Bundles the unit tests of the web application and runs them with node's test runner.
// Usage: node run.mjs WORK_DIR NAME.test.ts...: the build folder of dashboards/web, which holds the
// packages, and the tests to run.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const work = path.resolve(process.argv[2] ?? ".");
const esbuild = createRequire(path.join(work, "package.json"))("esbuild");
const files = process.argv.slice(3);
const out = path.join(work, "unit");

await esbuild.build({
  entryPoints: files.map((name) => path.join(here, name)),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node18",
  sourcemap: "inline",
  nodePaths: [path.join(work, "node_modules")],
  logLevel: "warning",
});
const bundles = files.map((name) => path.join(out, name.replace(/\.ts$/, ".mjs")));
const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...bundles], { stdio: "inherit" });
process.exit(run.status ?? 1);
