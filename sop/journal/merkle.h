#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sop::journal {

using Digest = std::array<std::uint8_t, 32>;  ///< SHA-256

[[nodiscard]] std::string ToHex(const Digest& digest);
[[nodiscard]] Digest Sha256(std::string_view bytes);

/// RFC 6962: SHA-256(0x00 || bytes).
[[nodiscard]] Digest LeafHash(std::string_view event_line);
/// RFC 6962: SHA-256(0x01 || left || right).
[[nodiscard]] Digest NodeHash(const Digest& left, const Digest& right);

/// The Merkle tree over all leaves seen so far; append is amortised O(1), memory is O(leaves).
class MerkleTree {
 public:
  void Append(const Digest& leaf);
  [[nodiscard]] std::uint64_t size() const { return levels_.empty() ? 0 : levels_[0].size(); }
  /// Root of all leaves; of the empty tree, SHA-256 of nothing.
  [[nodiscard]] Digest Root() const { return RootAt(size()); }
  /// Root when the log held the first `tree_size` leaves. tree_size <= size().
  [[nodiscard]] Digest RootAt(std::uint64_t tree_size) const;
  /// RFC 6962 2.1.1, for leaf `index` in the tree of `tree_size` leaves.
  [[nodiscard]] std::vector<Digest> InclusionProof(std::uint64_t index,
                                                   std::uint64_t tree_size) const;
  /// RFC 6962 2.1.2. old_size <= new_size <= size().
  [[nodiscard]] std::vector<Digest> ConsistencyProof(std::uint64_t old_size,
                                                     std::uint64_t new_size) const;

 private:
  [[nodiscard]] Digest SubtreeHash(std::uint64_t begin, std::uint64_t end) const;
  std::vector<std::vector<Digest>> levels_;  ///< levels_[k]: complete subtrees of 2^k leaves
};

[[nodiscard]] bool VerifyInclusion(const Digest& leaf, std::uint64_t index, std::uint64_t tree_size,
                                   std::span<const Digest> proof, const Digest& root);
[[nodiscard]] bool VerifyConsistency(std::uint64_t old_size, std::uint64_t new_size,
                                     std::span<const Digest> proof, const Digest& old_root,
                                     const Digest& new_root);

}  // namespace sop::journal
