#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sop/journal/event.h"

namespace monitor::cli {

/// Whether each measurement of an agent is signed by the key that the journal says was the agent's
/// then, from enrolment over rotations to revocation.
///
/// The journal's own proofs show that nothing was changed since; this shows who said it in the
/// first place, also to somebody who does not trust the service that wrote the journal.
class SignatureCheck {
 public:
  /// Takes the journal's events in order. One that is no event of ours says nothing here.
  void Note(std::int64_t index, const sop::journal::Event& event);

  static constexpr std::size_t kShown = 20;
  struct Result {
    std::vector<std::string> findings;  ///< "signature_invalid at event 7: ...", at most kShown
    std::int64_t unnamed = 0;           ///< further ones
    std::string summary;                ///< one sentence; empty where no agent ever submitted
  };
  [[nodiscard]] Result Finish() const;

 private:
  struct Key {
    std::string id;
    std::string public_key;
    bool revoked = false;
  };
  void NoteKey(std::int64_t index, std::string_view type, const nlohmann::json& body);
  void NoteMeasurement(std::int64_t index, std::string_view actor, const nlohmann::json& body);
  void Report(std::int64_t index, const std::string& sentence);

  std::map<std::string, Key> keys_;  ///< by agent
  std::vector<std::string> findings_;
  std::int64_t unnamed_ = 0;
  std::int64_t checked_ = 0;
  std::int64_t before_enrolment_ = 0;
};

}  // namespace monitor::cli
