#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sop/journal/merkle.h"

namespace sop::journal {

/// The definitions of RFC 6962, 2.1, word for word and slow: what proofs are held against. Hashes
/// of the same leaves are remembered, nothing else is clever here.
class ReferenceTree {
 public:
  explicit ReferenceTree(std::vector<Digest> leaves) : leaves_(std::move(leaves)) {}

  Digest Mth(std::size_t n) { return Mth(0, n); }
  std::vector<Digest> Path(std::size_t m, std::size_t n) { return Path(m, 0, n); }
  std::vector<Digest> Proof(std::size_t m, std::size_t n) { return SubProof(m, 0, n, true); }

 private:
  static std::size_t Split(std::size_t n) {
    std::size_t k = 1;
    while (k * 2 < n) k *= 2;
    return k;
  }
  Digest Mth(std::size_t from, std::size_t n) {
    if (n == 0) return Sha256("");
    if (n == 1) return leaves_[from];
    const auto known = known_.find({from, n});
    if (known != known_.end()) return known->second;
    const std::size_t k = Split(n);
    const std::string concatenated = "\x01" + Bytes(Mth(from, k)) + Bytes(Mth(from + k, n - k));
    return known_[{from, n}] = Sha256(concatenated);
  }
  std::vector<Digest> Path(std::size_t m, std::size_t from, std::size_t n) {
    if (n == 1) return {};
    const std::size_t k = Split(n);
    auto path = m < k ? Path(m, from, k) : Path(m - k, from + k, n - k);
    path.push_back(m < k ? Mth(from + k, n - k) : Mth(from, k));
    return path;
  }
  std::vector<Digest> SubProof(std::size_t m, std::size_t from, std::size_t n, bool whole) {
    if (m == n) return whole ? std::vector<Digest>{} : std::vector<Digest>{Mth(from, n)};
    const std::size_t k = Split(n);
    auto proof = m <= k ? SubProof(m, from, k, whole) : SubProof(m - k, from + k, n - k, false);
    proof.push_back(m <= k ? Mth(from + k, n - k) : Mth(from, k));
    return proof;
  }
  static std::string Bytes(const Digest& digest) { return {digest.begin(), digest.end()}; }

  std::vector<Digest> leaves_;
  std::map<std::pair<std::size_t, std::size_t>, Digest> known_;
};

}  // namespace sop::journal
