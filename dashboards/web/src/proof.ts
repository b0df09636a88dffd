// Recomputes an inclusion proof (RFC 9162, 2.1.3.2) in the reader's own browser: that an entry is
// in the tree of a checkpoint is then no longer the service's word alone.

const hexBytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

async function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Uint8Array> {
  const bytes = new Uint8Array(1 + left.length + right.length);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 1 + left.length);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** The root that leaf and path lead to; null when the path has not the length the tree asks for. */
export async function rootOf(
  leaf: string, index: number, size: number, path: string[],
): Promise<Uint8Array | null> {
  if (index < 0 || index >= size) return null;
  let node = hexBytes(leaf);
  let fn = index;
  let sn = size - 1;
  for (const step of path) {
    if (sn === 0) return null;
    const other = hexBytes(step);
    if (fn % 2 === 1 || fn === sn) {
      node = await nodeHash(other, node);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      node = await nodeHash(node, other);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 ? node : null;
}

/** Size and root of a checkpoint (C2SP tlog-checkpoint); null when it is none. */
export function checkpointRoot(checkpoint: string): { size: number; root: string } | null {
  const [, size, root] = checkpoint.split("\n");
  if (!size || !root || !/^\d+$/.test(size) || !/^[A-Za-z0-9+/=]{44}$/.test(root)) return null;
  return { size: Number(size), root };
}

export type ProofResult = "holds" | "differs" | "not_checked";

export async function check(
  proof: { log_index: number; tree_size: number; leaf_hash: string; inclusion?: string[] | null },
  checkpoint: string,
): Promise<ProofResult> {
  const anchor = checkpointRoot(checkpoint);
  // Browsers hash on secure origins only; a checkpoint of another size proves something else.
  if (!anchor || anchor.size !== proof.tree_size || !globalThis.crypto?.subtle) return "not_checked";
  const root = await rootOf(proof.leaf_hash, proof.log_index, proof.tree_size, proof.inclusion ?? []);
  if (!root) return "differs";
  return btoa(String.fromCharCode(...root)) === anchor.root ? "holds" : "differs";
}
