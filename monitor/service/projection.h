#pragma once

#include <string>

#include "monitor/service/journal_writer.h"
#include "sop/store/store.h"

namespace monitor::service {

/// Brings the read tables to what they say after `event`: a pure function of the tables and the
/// event, so that a replay of the journal gives the same rows.
void Project(sop::store::Transaction& tables, const PlacedEvent& event);

/// Ids of entries that have no id of their own.
[[nodiscard]] std::string SubjectId(const std::string& instrument,
                                    const std::string& configuration);  ///< "lsm-1/63x-561"
[[nodiscard]] std::string GrantId(const std::string& account, const std::string& role,
                                  const std::string& instrument);
[[nodiscard]] std::string AssignmentId(const std::string& procedure, const std::string& subject);
[[nodiscard]] std::string RepeatStudyId(const std::string& subject, const std::string& procedure);

/// The register that events of `type` write, with the entry's id and scope; nothing for others.
struct Address {
  sop::store::Table table;
  std::string id;
  std::string scope;
};
[[nodiscard]] std::optional<Address> AddressOf(std::string_view type, const nlohmann::json& body,
                                               std::int64_t idx);

}  // namespace monitor::service
