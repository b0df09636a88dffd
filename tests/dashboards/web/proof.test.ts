import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import test from "node:test";
import * as proof from "../../../dashboards/web/src/proof.ts";

// Node 18 keeps what browsers call `crypto` in a module.
if (!globalThis.crypto) Object.defineProperty(globalThis, "crypto", { value: webcrypto });

const sha = (...parts: Buffer[]) => parts.reduce((h, p) => h.update(p), createHash("sha256")).digest();
const leafHash = (text: string) => sha(Buffer.from([0]), Buffer.from(text));
const nodeHash = (a: Buffer, b: Buffer) => sha(Buffer.from([1]), a, b);

/** RFC 6962's recursive definitions, the reference that the page's loop is held against. */
function root(leaves: Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0] as Buffer;
  const k = split(leaves.length);
  return nodeHash(root(leaves.slice(0, k)), root(leaves.slice(k)));
}
function path(m: number, leaves: Buffer[]): Buffer[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...path(m, leaves.slice(0, k)), root(leaves.slice(k))]
    : [...path(m - k, leaves.slice(k)), root(leaves.slice(0, k))];
}
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

test("every entry of every small tree leads to its root, and a changed one does not", async () => {
  for (let size = 1; size <= 20; size += 1) {
    const leaves = Array.from({ length: size }, (_, n) => leafHash(`entry ${n}`));
    const checkpoint = `demo/test\n${size}\n${root(leaves).toString("base64")}\n\n— demo/test c2ln\n`;
    for (let index = 0; index < size; index += 1) {
      const given = {
        log_index: index, tree_size: size, leaf_hash: leaves[index]?.toString("hex") ?? "",
        inclusion: path(index, leaves).map((b) => b.toString("hex")),
      };
      assert.equal(await proof.check(given, checkpoint), "holds", `entry ${index} of ${size}`);
      const forged = { ...given, leaf_hash: leafHash("forged").toString("hex") };
      assert.equal(await proof.check(forged, checkpoint), "differs");
      const longer = { ...given, inclusion: [...given.inclusion, given.leaf_hash] };
      assert.equal(await proof.check(longer, checkpoint), "differs");
    }
  }
});

test("a checkpoint of another tree proves nothing either way", async () => {
  const given = { log_index: 0, tree_size: 3, leaf_hash: "00", inclusion: [] };
  assert.equal(await proof.check(given, "demo/test\n4\nAAAA\n"), "not_checked");
  assert.equal(await proof.check(given, "no checkpoint"), "not_checked");
});
