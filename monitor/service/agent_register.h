#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "monitor/service/journal_writer.h"
#include "sop/store/store.h"

namespace monitor::service {

/// "confocal-room" of "agent:confocal-room"; empty for everybody else.
[[nodiscard]] std::string AgentNameOf(std::string_view subject);
/// "agent:confocal-room"
[[nodiscard]] std::string AgentSubject(std::string_view name);

/// Keeps the register of agents: one entry an agent, {"agent", "instruments", "key": {"id",
/// "public_key"}, "state": "enrolled" | "revoked", "enrolled_at", "reason"?}. Other events pass.
void ProjectAgent(sop::store::Transaction& tables, const PlacedEvent& event);

/// Lets a submission of the agent `name` through, or says why not.
///
/// Returns the index of the event that the answer rests on: while the agent's entry begins there,
/// it holds.
/// Errors  Problem 403 `agent_not_enrolled`, `agent_revoked`, `signature_missing`,
///         `signature_wrong_agent`, `signature_wrong_key` (the agent has to be put right; what it
///         measured may be sent again); 422 `signature_invalid`, `instrument_not_enrolled`.
std::int64_t CheckSubmissionOf(std::string_view name, const nlohmann::json& envelope,
                               const sop::store::Reader& tables, std::int64_t at);

/// Lets a signature pass that somebody else brings (a stick, a relay): made by the enrolled agent
/// that it names, about what it was made for.
/// Errors  as above.
void CheckCarriedSignature(const nlohmann::json& envelope, const sop::store::Reader& tables,
                           std::int64_t at);

}  // namespace monitor::service
