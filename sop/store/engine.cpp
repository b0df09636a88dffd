#include "sop/store/engine.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sop/store/store.h"

namespace sop::store {
namespace {

using Advice = std::pair<std::string_view, std::string_view>;  ///< a sign, and what it means

/// By SQLSTATE, the longest sign that the code begins with first.
constexpr std::array<Advice, 13> kStates = {{
    {"28P01", "the password is wrong; correct it in ~/.pgpass or in the URL"},
    {"28", "the server does not let this role in; see its pg_hba.conf"},
    {"3D000", "there is no such database; make it with createdb, owned by the record's role"},
    {"42501", "the role may not do this; make it the owner of the database"},
    {"53100", "the server's disk is full"},
    {"53300", "the server takes no more connections; raise max_connections"},
    {"55P03", "another service writes to this record; stop it first"},
    {"40", "another transaction was in the way and nothing was changed; try again"},
    {"57P", "the server is stopping or starting; what was not confirmed is sent again"},
    {"57", "the server cancelled it and nothing was changed; try again"},
    {"08", "the server is gone; what was not confirmed is sent again"},
    {"25006", "the server takes no writes (a standby?); connect to the primary"},
    {"XX", "the server's files are damaged; restore a backup into another database"},
}};

/// By words of the message, where no code came: the server was not reached or the line broke.
constexpr std::array<Advice, 7> kWords = {{
    {"password authentication failed", kStates[0].second},
    {"no password supplied", "it asks for a password; give one in ~/.pgpass or in the URL"},
    {"does not exist", "there is no such database or role; make it with createdb or createuser"},
    {"too many clients", kStates[5].second},
    {"could not translate host name", "no such host; check the URL"},
    {"pg_hba.conf", kStates[1].second},
    {"starting up", kStates[8].second},
}};

constexpr std::string_view kGone = "the server is gone or was not reached; check that it runs";

/// What follows the engine's first line are details: statements and values, which messages leave
/// out. The database library's own line may stand before it.
std::string FirstLine(std::string_view message) {
  constexpr std::string_view kNoConnection = "Cannot establish connection to the database.\n";
  if (message.starts_with(kNoConnection)) message.remove_prefix(kNoConnection.size());
  std::string line(message.substr(0, message.find('\n')));
  while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
  return line;
}

}  // namespace

Engine EngineOf(std::string_view database) {
  return database.starts_with("postgresql://") || database.starts_with("postgres://")
             ? Engine::kPostgresql
             : Engine::kSqlite;
}

std::string Shown(std::string_view database) {
  if (EngineOf(database) == Engine::kSqlite) return std::string(database);
  const std::size_t begin = database.find("//") + 2;
  const std::string_view rest = database.substr(begin, database.find('?') - begin);
  const std::size_t at = rest.rfind('@');
  if (at == std::string_view::npos)
    return std::string(database.substr(0, begin)) + std::string(rest);
  const std::string_view user = rest.substr(0, std::min(at, rest.find(':')));
  return std::string(database.substr(0, begin)) + std::string(user) + std::string(rest.substr(at));
}

void CheckUrl(std::string_view database) {
  const std::string_view rest = database.substr(database.find("//") + 2);
  const std::size_t at = rest.find('@');
  if (at == std::string_view::npos) return;
  if (rest.find('@', at + 1) == std::string_view::npos && rest.find_first_of("/?#") > at) return;
  throw StoreError(
      "the database's URL is ambiguous: write @ / ? # : % of a user's name or password as %40 %2F "
      "%3F %23 %3A %25, or leave the password to ~/.pgpass");
}

std::string ExplainSqlite(std::string_view message) {
  const bool damaged = message.find("malformed") != std::string_view::npos ||
                       message.find("not a database") != std::string_view::npos;
  return FirstLine(message) +
         (damaged ? "; the file is damaged: keep it as it is and restore a backup into another "
                    "folder"
                  : "; check free space and permissions of the data folder");
}

std::string ExplainPostgresql(std::string_view message, std::string_view sqlstate) {
  std::string_view advice = kGone;
  for (const auto& [sign, meaning] : kWords) {
    if (message.find(sign) == std::string_view::npos) continue;
    advice = meaning;
    break;
  }
  // A code of blanks is no code: the answer did not come from the server.
  if (!sqlstate.empty() && sqlstate.front() != ' ') {
    const auto known = std::find_if(kStates.begin(), kStates.end(), [&](const Advice& state) {
      return sqlstate.starts_with(state.first);
    });
    if (known == kStates.end()) return FirstLine(message);
    advice = known->second;
  }
  return FirstLine(message) + "; " + std::string(advice);
}

}  // namespace sop::store
