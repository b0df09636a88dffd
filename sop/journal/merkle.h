#pragma once

#include <array>
#include <cstdint>
#include <functional>
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

/// The hash of the complete subtree over the leaves [index * 2^height, (index + 1) * 2^height).
using SubtreeSource = std::function<Digest(int height, std::uint64_t index)>;

// Each asks for the few subtrees it needs, of leaves below the tree size only.

/// Root of the first `tree_size` leaves; of none, SHA-256 of nothing.
[[nodiscard]] Digest RootAt(const SubtreeSource& subtrees, std::uint64_t tree_size);
/// RFC 6962 2.1.1. Errors  std::out_of_range unless index < tree_size.
[[nodiscard]] std::vector<Digest> InclusionProof(const SubtreeSource& subtrees, std::uint64_t index,
                                                 std::uint64_t tree_size);
/// RFC 6962 2.1.2. Errors  std::out_of_range unless old_size <= new_size.
[[nodiscard]] std::vector<Digest> ConsistencyProof(const SubtreeSource& subtrees,
                                                   std::uint64_t old_size, std::uint64_t new_size);

[[nodiscard]] bool VerifyInclusion(const Digest& leaf, std::uint64_t index, std::uint64_t tree_size,
                                   std::span<const Digest> proof, const Digest& root);
[[nodiscard]] bool VerifyConsistency(std::uint64_t old_size, std::uint64_t new_size,
                                     std::span<const Digest> proof, const Digest& old_root,
                                     const Digest& new_root);

}  // namespace sop::journal
