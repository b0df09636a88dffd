#pragma once

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "monitor/agent/service_client.h"
#include "sop/journal/checkpoint.h"
#include "sop/journal/event.h"
#include "tests/support/memory_tree.h"

namespace monitor::agent {

/// A log with its key, tree and epochs, and the answers that a service gives about it.
class FakeLog {
 public:
  void Append(const std::string& line) {
    lines_.push_back(line);
    tree_.Append(sop::journal::LeafHash(line));
  }
  void Grow(int events) {
    for (int i = 0; i < events; ++i) Append("event " + std::to_string(tree_.size()));
  }
  /// A backup of the first `size` events is put back and opens the next epoch.
  void Restore(std::size_t size) {
    const std::vector<std::string> kept(lines_.begin(),
                                        lines_.begin() + static_cast<std::ptrdiff_t>(size));
    lines_.clear();
    tree_ = {};
    for (const std::string& line : kept) Append(line);
    std::erase_if(opened_, [size](std::size_t at) { return at >= size; });
    ++epoch;
    opened_.push_back(size);
    Append(sop::journal::EventLine(
        {"log_epoch_opened",
         1,
         "2026-11-30T10:00:00.000Z",
         "service",
         {{"epoch", epoch}, {"restored_size", size}, {"reason", "the disk failed"}}}));
  }
  [[nodiscard]] std::string Note() const {
    return SignCheckpoint({key.origin, tree_.size(), tree_.Root(), epoch}, key);
  }
  [[nodiscard]] std::uint64_t size() const { return tree_.size(); }

  [[nodiscard]] Answer Get(const std::string& path) const {
    if (path == "/checkpoint") return {200, Note(), "", key.VerifierKey()};
    if (path == "/api/v1/log/epochs") return {200, Epochs().dump()};
    unsigned long from = 0, to = 0;
    if (std::sscanf(path.c_str(), "/api/v1/consistency?from=%lu&to=%lu", &from, &to) == 2 &&
        from <= to && to <= tree_.size()) {
      return {200, nlohmann::json{{"from", from},
                                  {"to", to},
                                  {"proof",
                                   Hex(sop::journal::ConsistencyProof(tree_.subtrees(), from, to))}}
                       .dump()};
    }
    return {400, R"({"type":"/problems/bad_parameter"})"};
  }

  sop::journal::LogKey key = sop::journal::GenerateLogKey("example.org/etalon");
  std::uint64_t epoch = 1;

 private:
  static nlohmann::json Hex(const std::vector<sop::journal::Digest>& proof) {
    nlohmann::json hex = nlohmann::json::array();
    for (const auto& node : proof) hex.push_back(sop::journal::ToHex(node));
    return hex;
  }
  [[nodiscard]] nlohmann::json Epochs() const {
    nlohmann::json items = nlohmann::json::array();
    for (const std::size_t index : opened_) {
      items.push_back({{"log_index", index},
                       {"line", lines_[index]},
                       {"inclusion",
                        Hex(sop::journal::InclusionProof(tree_.subtrees(), index, tree_.size()))}});
    }
    return {{"checkpoint", Note()}, {"items", std::move(items)}};
  }

  std::vector<std::string> lines_;
  sop::journal::MemoryTree tree_;
  std::vector<std::size_t> opened_;  ///< indices of log_epoch_opened
};

}  // namespace monitor::agent
