#include "monitor/service/oidc.h"

#include <httplib.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "monitor/log/log.h"
#include "monitor/service/secret.h"
#include "monitor/service/time_text.h"
#include "sop/journal/merkle.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr const char* kCallbackPath = "/sign-in/callback";
constexpr std::int64_t kAttempt_s = 600;
constexpr std::int64_t kKeysAtLeast_s = 60;
constexpr std::size_t kMostAttempts = 1000;
constexpr std::size_t kLargestAnswer = std::size_t{1} << 20;
constexpr std::chrono::seconds kPatience{10};

[[noreturn]] void Unreachable(const std::string& what) {
  log::Log(log::Severity::kError, "oidc_unreachable", {{"error", what}});
  throw Problem(502, "provider_unreachable",
                "The institution's sign-in does not answer as it should; try again later.");
}

[[noreturn]] void Refuse(std::string_view reason) {
  log::Log(log::Severity::kWarning, "oidc_refused", {{"reason", std::string(reason)}});
  throw Problem(400, "sign_in_failed", "This sign-in did not work; begin again.");
}

struct Url {
  std::string origin, path;
};

Url Split(const std::string& url) {
  const std::size_t host = url.find("://");
  if (host == url.npos) Unreachable("not a URL: " + url);
  const std::size_t path = url.find('/', host + 3);
  if (path == url.npos) return {url, "/"};
  return {url.substr(0, path), url.substr(path)};
}

bool IsTrustworthy(const std::string& url) {
  return url.starts_with("https://") || url.starts_with("http://127.0.0.1:") ||
         url.starts_with("http://localhost:") || url.starts_with("http://[::1]:");
}

httplib::Client ClientFor(const Url& url) {
  httplib::Client client(url.origin);
  client.set_connection_timeout(kPatience);
  client.set_read_timeout(kPatience);
  client.set_write_timeout(kPatience);
  client.set_follow_location(false);
  return client;
}

Json JsonOf(const httplib::Result& result, const std::string& url) {
  if (!result) Unreachable(url + ": " + httplib::to_string(result.error()));
  if (result->status != 200 || result->body.size() > kLargestAnswer) {
    Unreachable(url + ": status " + std::to_string(result->status));
  }
  Json value = Json::parse(result->body, nullptr, false);
  if (!value.is_object()) Unreachable(url + ": no JSON object");
  return value;
}

Json Fetch(const std::string& url) {
  if (!IsTrustworthy(url)) Unreachable("not https: " + url);
  const Url parts = Split(url);
  return JsonOf(ClientFor(parts).Get(parts.path), url);
}

std::string Endpoint(const Json& discovery, const char* name) {
  const Json url = discovery.value(name, Json());
  if (!url.is_string() || !IsTrustworthy(url.get<std::string>())) {
    Unreachable(std::string("discovery has no good ") + name);
  }
  return url;
}

std::string Query(const std::vector<std::pair<std::string, std::string>>& members) {
  httplib::Params params(members.begin(), members.end());
  return httplib::detail::params_to_query_str(params);
}

std::string ChallengeOf(const std::string& verifier) {
  const auto digest = sop::journal::Sha256(verifier);
  return Base64Url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

OidcConfig LoadOidcConfig(const std::string& file, const std::string& public_url) {
  const auto fail = [&](const std::string& why) { throw std::runtime_error(file + ": " + why); };
  toml::table root;
  try {
    root = toml::parse_file(file);
  } catch (const toml::parse_error& error) {
    fail(std::string(error.description()));
  }
  const toml::table* table = root["oidc"].as_table();
  if (table == nullptr || root.size() != 1) fail("must have the table [oidc] and nothing else");
  for (const auto& [key, value] : *table) {
    static constexpr std::array kKnown = {"issuer", "client_id", "secret_file", "unknown"};
    if (std::ranges::find(kKnown, key.str()) == kKnown.end() || !value.is_string()) {
      fail("[oidc] knows the texts issuer, client_id, secret_file and unknown, and not " +
           std::string(key.str()));
    }
  }
  const auto text = [&](const char* key) { return (*table)[key].value_or(std::string()); };
  OidcConfig config{text("issuer"), text("client_id"), "", public_url + kCallbackPath, ""};
  if (config.issuer.empty() || config.client_id.empty()) fail("issuer and client_id are missing");
  const auto secret = std::filesystem::path(file).parent_path() / text("secret_file");
  std::ifstream stream(secret);
  if (!std::getline(stream, config.client_secret) || config.client_secret.empty()) {
    fail("secret_file " + secret.string() + " cannot be read");
  }
  const std::string unknown = text("unknown");
  if (unknown != "" && unknown != "wait" && unknown != "viewer") fail("unknown is wait or viewer");
  if (unknown == "viewer") config.unknown_role = unknown;
  return config;
}

Oidc::Oidc(OidcConfig config, Clock clock) : config_(std::move(config)), clock_(std::move(clock)) {
  if (!IsTrustworthy(config_.issuer)) {
    throw std::runtime_error("the issuer " + config_.issuer +
                             " must begin with https:// (http:// on this machine only)");
  }
}

std::int64_t Oidc::NowSeconds() const { return ToMs(clock_()) / 1000; }

Oidc::Provider Oidc::Discovered() {
  {
    const std::scoped_lock lock(mutex_);
    if (provider_) return *provider_;
  }
  std::string base = config_.issuer;
  if (base.ends_with('/')) base.pop_back();
  const Json discovery = Fetch(base + "/.well-known/openid-configuration");
  if (discovery.value("issuer", Json()) != config_.issuer) {
    Unreachable("its discovery document is that of another issuer");
  }
  Provider provider;
  provider.authorization_endpoint = Endpoint(discovery, "authorization_endpoint");
  provider.token_endpoint = Endpoint(discovery, "token_endpoint");
  provider.jwks_uri = Endpoint(discovery, "jwks_uri");
  provider.names_issuer =
      discovery.value("authorization_response_iss_parameter_supported", Json(false)) == true;
  return WithNewKeys(std::move(provider));
}

Oidc::Provider Oidc::WithNewKeys(Provider provider) {
  provider.keys = Fetch(provider.jwks_uri);
  const std::scoped_lock lock(mutex_);
  provider_ = provider;
  return provider;
}

Oidc::Attempt Oidc::Begin(Purpose purpose, std::string session) {
  const Provider provider = Discovered();
  const std::string state = RandomSecret();
  const std::string browser = RandomSecret();
  Pending pending{purpose,        std::move(session),    RandomSecret(),
                  RandomSecret(), SecretDigest(browser), NowSeconds()};
  std::vector<std::pair<std::string, std::string>> query = {
      {"response_type", "code"},
      {"client_id", config_.client_id},
      {"redirect_uri", config_.redirect_uri},
      {"scope", "openid profile email"},
      {"state", state},
      {"nonce", pending.nonce},
      {"code_challenge", ChallengeOf(pending.verifier)},
      {"code_challenge_method", "S256"}};
  if (purpose == Purpose::kSignature) query.emplace_back("max_age", "0");
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(pending_, [&](const auto& one) {
      return one.second.begun_s + kAttempt_s < pending.begun_s;
    });
    if (pending_.size() >= kMostAttempts) {
      throw Problem(503, "busy", "Too many sign-ins are under way; try again in a minute.");
    }
    pending_.emplace(SecretDigest(state), std::move(pending));
  }
  const char separator = provider.authorization_endpoint.find('?') == std::string::npos ? '?' : '&';
  return {provider.authorization_endpoint + separator + Query(query), browser};
}

Oidc::Pending Oidc::Take(const Callback& callback) {
  const std::scoped_lock lock(mutex_);
  const auto found = pending_.find(SecretDigest(callback.state));
  if (callback.state.empty() || found == pending_.end()) Refuse("unknown_state");
  const Pending pending = found->second;
  if (SecretDigest(callback.browser) != pending.browser_digest) Refuse("other_browser");
  pending_.erase(found);
  if (pending.begun_s + kAttempt_s < NowSeconds()) Refuse("too_late");
  return pending;
}

std::string Oidc::ExchangeCode(const Provider& provider, const std::string& code,
                               const std::string& verifier) const {
  const Url url = Split(provider.token_endpoint);
  httplib::Client client = ClientFor(url);
  client.set_basic_auth(config_.client_id, config_.client_secret);
  const auto result = client.Post(url.path, httplib::Params{{"grant_type", "authorization_code"},
                                                            {"code", code},
                                                            {"redirect_uri", config_.redirect_uri},
                                                            {"client_id", config_.client_id},
                                                            {"code_verifier", verifier}});
  if (result && result->status == 400) Refuse("code_refused");
  const Json token = JsonOf(result, provider.token_endpoint).value("id_token", Json());
  if (!token.is_string()) Refuse("no_id_token");
  return token;
}

Oidc::Proven Oidc::Finish(const Callback& callback) {
  const Pending pending = Take(callback);
  Provider provider = Discovered();
  // The answer of another provider must not be taken to ours (mix-up).
  if (callback.issuer.empty() ? provider.names_issuer : callback.issuer != config_.issuer) {
    Refuse("issuer_mix_up");
  }
  if (!callback.error.empty() || callback.code.empty()) Refuse("provider_said_no");
  const std::string token = ExchangeCode(provider, callback.code, pending.verifier);
  const IdTokenExpectation expected{config_.issuer, config_.client_id, pending.nonce, NowSeconds(),
                                    pending.purpose == Purpose::kSignature ? pending.begun_s : 0};
  IdTokenSubject subject;
  IdTokenFault fault = CheckIdToken(token, provider.keys, expected, subject);
  if (fault == IdTokenFault::kUnknownKey &&
      provider.unknown_key_s + kKeysAtLeast_s <= expected.now_s) {
    provider.unknown_key_s = expected.now_s;
    provider = WithNewKeys(std::move(provider));
    fault = CheckIdToken(token, provider.keys, expected, subject);
  }
  if (fault != IdTokenFault::kNone) Refuse(Name(fault));
  return {pending.purpose, pending.session, config_.issuer, subject};
}

}  // namespace monitor::service
