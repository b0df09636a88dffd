#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/agent/config.h"
#include "monitor/agent/service_client.h"
#include "monitor/measurement/agent_signature.h"

namespace monitor::agent {

/// What an agent proves itself with, beside each other and readable by their owner only: the
/// service's token, and the key that signs what the agent measures. The key never leaves the PC.
struct Credentials {
  std::filesystem::path token_file;
  [[nodiscard]] std::filesystem::path KeyFile() const;  ///< agent.token → agent.key
};

/// The signer of `config`; nothing when no token_file is configured.
/// Errors  StorageError, one sentence, when the key is missing or no key.
[[nodiscard]] std::optional<measurement::AgentSigner> LoadSigner(const AgentConfig& config);
/// The token of `config`; empty when no token_file is configured.
[[nodiscard]] std::string LoadToken(const AgentConfig& config);

/// The service said no, or did not answer; one sentence.
class EnrolmentError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Makes a key, gives its public half and the code to the service and keeps key and token. An older
/// key and token are replaced only once the service has taken the new ones. `expected_name` is what
/// agent.toml calls the agent; empty: any. Returns the service's answer without the token.
/// Errors  EnrolmentError; StorageError.
nlohmann::json Enrol(ServiceClient& service, const std::string& code,
                     const Credentials& credentials, std::string_view expected_name);

/// Replaces the agent's key by a new one that the old one signs. Cut short anywhere, it is finished
/// by asking again.
/// Errors  EnrolmentError; StorageError.
nlohmann::json RotateKey(ServiceClient& service, const Credentials& credentials,
                         const std::string& agent);

}  // namespace monitor::agent
