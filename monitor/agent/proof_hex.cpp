#include "monitor/agent/proof_hex.h"

#include <charconv>

namespace monitor::agent {
namespace {

constexpr std::size_t kLongestProof = 2 * 64;

std::optional<sop::journal::Digest> FromHex(const std::string& hex) {
  sop::journal::Digest digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const char* begin = hex.data() + 2 * i;
    const auto [end, error] = std::from_chars(begin, begin + 2, digest[i], 16);
    if (error != std::errc() || end != begin + 2) return std::nullopt;
  }
  return digest;
}

}  // namespace

std::optional<std::vector<sop::journal::Digest>> ReadProof(const nlohmann::json& proof) {
  if (!proof.is_array() || proof.size() > kLongestProof) return std::nullopt;
  std::vector<sop::journal::Digest> nodes;
  for (const nlohmann::json& node : proof) {
    const auto digest =
        node.is_string() ? FromHex(node.get_ref<const std::string&>()) : std::nullopt;
    if (!digest) return std::nullopt;
    nodes.push_back(*digest);
  }
  return nodes;
}

}  // namespace monitor::agent
