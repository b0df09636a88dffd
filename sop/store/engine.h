#pragma once

#include <string>
#include <string_view>

namespace sop::store {

/// Who keeps the tables. A record's database is named by a file's path (SQLite) or by a URL
/// (PostgreSQL, or what speaks its protocol): "postgresql://etalon@db.example.org/etalon".
enum class Engine { kSqlite, kPostgresql };
[[nodiscard]] Engine EngineOf(std::string_view database);

/// A database as messages may name it: a path as it is, a URL without password and parameters.
[[nodiscard]] std::string Shown(std::string_view database);

/// StoreError for a URL that its reader would take apart elsewhere than its writer meant: what it
/// takes for a host name would stand in messages, and may be a password.
void CheckUrl(std::string_view database);

/// What an engine's message means to the one who runs the record, and what to do; one sentence.
/// `sqlstate` is PostgreSQL's code; empty when the server was not reached.
[[nodiscard]] std::string ExplainSqlite(std::string_view message);
[[nodiscard]] std::string ExplainPostgresql(std::string_view message, std::string_view sqlstate);

}  // namespace sop::store
