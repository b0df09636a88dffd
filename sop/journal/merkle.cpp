#include "sop/journal/merkle.h"

#include <sodium.h>

#include <bit>
#include <stdexcept>

namespace sop::journal {
namespace {

/// Sizes and indices of proofs arrive from outside (the HTTP API), so they are checked always.
void Require(bool holds, const char* sentence) {
  if (!holds) throw std::out_of_range(sentence);
}

/// The largest power of two smaller than `n`; n >= 2.
std::uint64_t SplitPoint(std::uint64_t n) { return std::bit_floor(n - 1); }

/// Root of the leaves [begin, end), as RFC 6962 splits them.
Digest RangeHash(const SubtreeSource& subtrees, std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t width = end - begin;
  if (std::has_single_bit(width)) {
    // RFC 6962 splits at powers of two only, so `begin` is a multiple of `width` here.
    return subtrees(std::countr_zero(width), begin / width);
  }
  const std::uint64_t middle = begin + SplitPoint(width);
  return NodeHash(RangeHash(subtrees, begin, middle), RangeHash(subtrees, middle, end));
}

/// Verifies the shared walk of both proofs of RFC 9162: one step up the tree a proof entry.
struct Walk {
  std::uint64_t node;
  std::uint64_t last;

  /// True when the next proof entry is a left neighbour.
  [[nodiscard]] bool FromLeft() const { return (node & 1) != 0 || node == last; }
  void SkipRightEdge() {
    while ((node & 1) == 0 && node != 0) Up();
  }
  void Up() {
    node >>= 1;
    last >>= 1;
  }
};

}  // namespace

std::string ToHex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const std::uint8_t byte : digest) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 0x0f]);
  }
  return hex;
}

Digest Sha256(std::string_view bytes) {
  Digest digest;
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size());
  return digest;
}

Digest LeafHash(std::string_view event_line) {
  constexpr unsigned char kLeaf = 0x00;
  crypto_hash_sha256_state state;
  Digest digest;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, &kLeaf, 1);
  crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(event_line.data()),
                            event_line.size());
  crypto_hash_sha256_final(&state, digest.data());
  return digest;
}

Digest NodeHash(const Digest& left, const Digest& right) {
  constexpr unsigned char kNode = 0x01;
  crypto_hash_sha256_state state;
  Digest digest;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, &kNode, 1);
  crypto_hash_sha256_update(&state, left.data(), left.size());
  crypto_hash_sha256_update(&state, right.data(), right.size());
  crypto_hash_sha256_final(&state, digest.data());
  return digest;
}

Digest RootAt(const SubtreeSource& subtrees, std::uint64_t tree_size) {
  return tree_size == 0 ? Sha256("") : RangeHash(subtrees, 0, tree_size);
}

std::vector<Digest> InclusionProof(const SubtreeSource& subtrees, std::uint64_t index,
                                   std::uint64_t tree_size) {
  Require(index < tree_size, "the leaf lies outside the tree asked for");
  std::vector<Digest> proof;
  std::uint64_t begin = 0;
  std::uint64_t end = tree_size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + SplitPoint(end - begin);
    if (index < middle) {
      proof.push_back(RangeHash(subtrees, middle, end));
      end = middle;
    } else {
      proof.push_back(RangeHash(subtrees, begin, middle));
      begin = middle;
    }
  }
  return {proof.rbegin(), proof.rend()};
}

std::vector<Digest> ConsistencyProof(const SubtreeSource& subtrees, std::uint64_t old_size,
                                     std::uint64_t new_size) {
  Require(old_size <= new_size, "the older tree size is larger than the newer one");
  std::vector<Digest> proof;
  if (old_size == 0 || old_size == new_size) return proof;
  std::uint64_t begin = 0;
  std::uint64_t end = new_size;
  while (old_size != end) {
    const std::uint64_t middle = begin + SplitPoint(end - begin);
    if (old_size <= middle) {
      proof.push_back(RangeHash(subtrees, middle, end));
      end = middle;
    } else {
      proof.push_back(RangeHash(subtrees, begin, middle));
      begin = middle;
    }
  }
  // A whole left subtree is the old root itself, which the verifier has.
  if (begin != 0) proof.push_back(RangeHash(subtrees, begin, end));
  return {proof.rbegin(), proof.rend()};
}

bool VerifyInclusion(const Digest& leaf, std::uint64_t index, std::uint64_t tree_size,
                     std::span<const Digest> proof, const Digest& root) {
  if (index >= tree_size) return false;
  Walk walk{index, tree_size - 1};
  Digest hash = leaf;
  for (const Digest& sibling : proof) {
    if (walk.last == 0) return false;
    if (walk.FromLeft()) {
      hash = NodeHash(sibling, hash);
      walk.SkipRightEdge();
    } else {
      hash = NodeHash(hash, sibling);
    }
    walk.Up();
  }
  return walk.last == 0 && hash == root;
}

bool VerifyConsistency(std::uint64_t old_size, std::uint64_t new_size,
                       std::span<const Digest> proof, const Digest& old_root,
                       const Digest& new_root) {
  if (old_size > new_size) return false;
  if (old_size == new_size) return proof.empty() && old_root == new_root;
  if (old_size == 0) return proof.empty() && old_root == Sha256("");

  Walk walk{old_size - 1, new_size - 1};
  while ((walk.node & 1) != 0) walk.Up();
  const bool starts_with_old_root = std::has_single_bit(old_size);
  if (!starts_with_old_root && proof.empty()) return false;
  Digest old_hash = starts_with_old_root ? old_root : proof.front();
  Digest new_hash = old_hash;
  for (const Digest& sibling : proof.subspan(starts_with_old_root ? 0 : 1)) {
    if (walk.last == 0) return false;
    if (walk.FromLeft()) {
      old_hash = NodeHash(sibling, old_hash);
      new_hash = NodeHash(sibling, new_hash);
      walk.SkipRightEdge();
    } else {
      new_hash = NodeHash(new_hash, sibling);
    }
    walk.Up();
  }
  return walk.last == 0 && old_hash == old_root && new_hash == new_root;
}

}  // namespace sop::journal
