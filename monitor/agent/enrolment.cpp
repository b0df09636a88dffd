#include "monitor/agent/enrolment.h"

#include "monitor/agent/durable_file.h"

namespace monitor::agent {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using sop::journal::SigningKey;

constexpr std::uint64_t kMaxSecretBytes = 4096;
constexpr const char* kNextSuffix = ".next";  ///< a key that the service may not know yet

std::string ReadSecret(const fs::path& file) {
  std::string text = ReadFile(file, kMaxSecretBytes);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
  return text;
}

SigningKey ReadKey(const fs::path& file) {
  if (!fs::exists(file)) {
    throw StorageError(file.string() +
                       " is missing: an agent signs what it measures; enrol it with a code of the "
                       "service's administrator (etalon agent enrol)");
  }
  const auto key = sop::journal::DecodeSigningKey(ReadSecret(file));
  if (!key) throw StorageError(file.string() + " is no agent's key; enrol the agent again");
  return *key;
}

fs::path Next(const fs::path& key_file) { return fs::path(key_file).concat(kNextSuffix); }

/// The key under way: the one that an earlier try left, or a new one, written before it is sent.
SigningKey NextKey(const fs::path& key_file) {
  const fs::path file = Next(key_file);
  if (fs::exists(file)) return ReadKey(file);
  const SigningKey key = sop::journal::GenerateSigningKey();
  WriteSecretDurably(file, sop::journal::EncodeSigningKey(key) + "\n");
  return key;
}

json Ask(ServiceClient& service, const std::string& path, const json& body) {
  const Answer answer = service.PostJson(path, body.dump());
  json said = json::parse(answer.body, nullptr, false);
  if (answer.ok() && said.is_object() && said.contains("key_id")) return said;
  if (answer.status == 0) throw EnrolmentError("the service was not reached: " + answer.body);
  const bool has_detail = said.is_object() && said.value("detail", json()).is_string();
  throw EnrolmentError(has_detail ? said["detail"].get<std::string>()
                                  : "what answered is not the service (status " +
                                        std::to_string(answer.status) + ")");
}

}  // namespace

fs::path Credentials::KeyFile() const {
  fs::path file = token_file;
  file.replace_extension(".key");
  if (file == token_file) file.concat(".key");
  return file;
}

std::optional<measurement::AgentSigner> LoadSigner(const AgentConfig& config) {
  if (config.token_file.empty()) return std::nullopt;
  return measurement::AgentSigner{config.name, ReadKey(Credentials{config.token_file}.KeyFile())};
}

std::string LoadToken(const AgentConfig& config) {
  return config.token_file.empty() ? "" : ReadSecret(config.token_file);
}

json Enrol(ServiceClient& service, const std::string& code, const Credentials& credentials,
           std::string_view expected_name) {
  const fs::path key_file = credentials.KeyFile();
  fs::remove(Next(key_file));
  const SigningKey key = NextKey(key_file);
  json answer = Ask(service, "/api/v1/agents/enrol",
                    {{"code", code}, {"public_key", sop::journal::PublicKeyOf(key)}});
  WriteSecretDurably(credentials.token_file, answer.at("token").get<std::string>() + "\n");
  RenameDurably(Next(key_file), key_file);
  answer.erase("token");
  if (!expected_name.empty() && answer.value("agent", "") != expected_name) {
    throw EnrolmentError("the code was that of agent " + answer.value("agent", "") +
                         ", which is enrolled now, and the configuration says " +
                         std::string(expected_name) + "; change its name in [agent]");
  }
  return answer;
}

json RotateKey(ServiceClient& service, const Credentials& credentials, const std::string& agent) {
  const fs::path key_file = credentials.KeyFile();
  const measurement::AgentSigner old{agent, ReadKey(key_file)};
  const SigningKey key = NextKey(key_file);
  json body = {
      {"agent", agent}, {"public_key", sop::journal::PublicKeyOf(key)}, {"replaces", old.KeyId()}};
  measurement::Sign(body, old);
  json answer = Ask(service, "/api/v1/agents/" + EncodeUrlPart(agent) + "/key", body);
  RenameDurably(Next(key_file), key_file);
  return answer;
}

}  // namespace monitor::agent
