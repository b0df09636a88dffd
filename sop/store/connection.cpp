#include "sop/store/connection.h"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <charconv>
#include <deque>
#include <map>
#include <optional>

#include "sop/store/waiting_rows.h"

namespace sop::store {
namespace {

/// Of all advisory locks of a database, the one of the record's writer: "etalon" in ASCII.
constexpr const char* kWriterLock = "SELECT pg_advisory_lock(111559985295214)";

/// By the message alone: the context that the library adds to it holds statements and values.
std::string Explain(Engine engine, const soci::soci_error& error) {
  if (engine == Engine::kSqlite) return ExplainSqlite(error.get_error_message());
  const auto* coded = dynamic_cast<const soci::postgresql_soci_error*>(&error);
  return ExplainPostgresql(error.get_error_message(), coded ? coded->sqlstate() : "");
}

/// A prepared statement with the storage that its parameters and columns are bound to.
struct Prepared {
  Prepared(soci::session& session, std::string_view sql, const std::vector<Parameter>& parameters,
           int columns)
      : statement(session) {
    for (int c = 0; c < columns; ++c) {
      texts.emplace_back();
      indicators.emplace_back(soci::i_ok);
      statement.exchange(soci::into(texts.back(), indicators.back()));
    }
    for (const Parameter& parameter : parameters) {
      integers.emplace_back(0);
      strings.emplace_back();
      if (std::holds_alternative<std::int64_t>(parameter)) {
        statement.exchange(soci::use(integers.back()));
      } else {
        statement.exchange(soci::use(strings.back()));
      }
    }
    statement.alloc();
    statement.prepare(std::string(sql));
    statement.define_and_bind();
  }

  void Fill(const std::vector<Parameter>& parameters) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (const auto* integer = std::get_if<std::int64_t>(&parameters[i])) {
        integers[i] = *integer;
        continue;
      }
      strings[i] = std::get<std::string>(parameters[i]);
      if (strings[i].find('\0') == std::string::npos) continue;
      throw StoreError("the record's database takes no text with a NUL character");
    }
  }

  soci::statement statement;
  std::deque<long long> integers;  // deques: the addresses are bound
  std::deque<std::string> strings;
  std::deque<std::string> texts;
  std::deque<soci::indicator> indicators;
};

}  // namespace

struct Connection::Impl {
  Engine engine = Engine::kSqlite;
  std::string shown;
  soci::session session;
  std::map<std::string, std::unique_ptr<Prepared>, std::less<>> prepared;
  WaitingRows waiting;
  /// How many rows waited when the part began; nothing outside a part.
  std::optional<std::size_t> mark;
  bool part_begun = false;  ///< the engine knows of the part
  bool doomed = false;      ///< rows of an earlier part were refused: nothing may be committed

  [[noreturn]] void Fail(const soci::soci_error& error, std::string_view doing) const {
    throw StoreError("the record's database failed while " + std::string(doing) + ": " +
                     Explain(engine, error));
  }

  void OpenSqlite(const std::string& path, Access access);
  void OpenPostgresql(const std::string& url, Access access);

  Prepared& Get(std::string_view sql, const std::vector<Parameter>& parameters, int columns) {
    const auto found = prepared.find(sql);
    if (found != prepared.end()) return *found->second;
    auto made = std::make_unique<Prepared>(session, sql, parameters, columns);
    return *prepared.emplace(std::string(sql), std::move(made)).first->second;
  }
  /// Also for a statement that could not be prepared and so was never kept.
  void Forget(std::string_view sql) {
    const auto found = prepared.find(sql);
    if (found != prepared.end()) prepared.erase(found);
  }

  void Execute(const std::string& sql) {
    try {
      session << sql;
    } catch (const soci::soci_error& error) {
      Fail(error, "running \"" + sql.substr(0, 60) + "\"");
    }
  }

  void Run(std::string_view sql, const std::vector<Parameter>& parameters) {
    try {
      Prepared& statement = Get(sql, parameters, 0);
      statement.Fill(parameters);
      statement.statement.execute(true);
    } catch (const soci::soci_error& error) {
      // A statement that failed keeps its position; a fresh one starts clean.
      Forget(sql);
      Fail(error, "writing");
    }
  }

  void Send(std::size_t count) {
    for (const RowGroup& group : waiting.Take(count)) {
      if (engine == Engine::kPostgresql) {
        Run(InsertArrays(group), Arrays(group));
        continue;
      }
      const std::string sql = InsertOne(group);
      for (const auto& row : group.rows) Run(sql, row);
    }
  }

  /// Sends all that waits. A part that has something to undo begins between the rows.
  void Settle(bool writes) {
    if (mark && !part_begun) {
      const bool begins = writes || waiting.size() > *mark;
      doomed = true;
      Send(*mark);
      if (begins) Run("SAVEPOINT part", {});
      doomed = false;
      part_begun = begins;
    }
    Send(waiting.size());
    if (mark) mark = 0;
  }
};

void Connection::Impl::OpenSqlite(const std::string& path, Access access) {
  // SOCI splits this text at blanks, so a path is quoted.
  std::string options = "db=\"" + path + "\" timeout=10";
  if (access == Access::kReadOnly) options += " readonly=true";
  session.open(soci::sqlite3, options);
  Execute("PRAGMA foreign_keys = ON");
  Execute("PRAGMA recursive_triggers = ON");
  if (access == Access::kReadWrite) {
    Execute("PRAGMA journal_mode = WAL");
    Execute("PRAGMA synchronous = FULL");
    Execute("PRAGMA secure_delete = ON");  // what is erased leaves no bytes in freed pages
  } else {
    Execute("PRAGMA query_only = ON");
  }
}

void Connection::Impl::OpenPostgresql(const std::string& url, Access access) {
  CheckUrl(url);
  // Named so among the server's sessions. SOCI would add a "=" to a URL without a parameter.
  const char* first = url.find('?') == std::string::npos ? "?" : "&";
  session.open(soci::postgresql, url + first + "application_name=etalon");
  // What matters comes as an error too; libpq would print it as well.
  PQsetNoticeProcessor(
      static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_,
      [](void*, const char*) {}, nullptr);
  Execute("SET client_encoding = 'UTF8'");
  Execute("SET client_min_messages = 'warning'");
  Execute("SET synchronous_commit = 'on'");
  // A writer whose machine went away must not hold the record for hours.
  Execute("SET tcp_keepalives_idle = 20");
  Execute("SET tcp_keepalives_interval = 5");
  Execute("SET tcp_keepalives_count = 3");
  if (access == Access::kReadOnly) Execute("SET default_transaction_read_only = 'on'");
  std::string encoding;
  session << "SHOW server_encoding", soci::into(encoding);
  if (encoding != "UTF8") {
    throw StoreError("the database " + shown + " keeps text as " + encoding +
                     "; make one with createdb --encoding=UTF8 --template=template0");
  }
}

Connection::Connection(const std::string& database, Access access)
    : impl_(std::make_unique<Impl>()) {
  impl_->engine = EngineOf(database);
  impl_->shown = Shown(database);
  try {
    if (impl_->engine == Engine::kPostgresql) {
      impl_->OpenPostgresql(database, access);
    } else {
      impl_->OpenSqlite(database, access);
    }
  } catch (const soci::soci_error& error) {
    impl_->Fail(error, "opening " + impl_->shown);
  }
}

Connection::~Connection() = default;

Engine Connection::engine() const { return impl_->engine; }

bool Connection::lost() const { return !impl_->session.is_connected(); }

void Connection::BecomeWriter() {
  if (impl_->engine == Engine::kSqlite) return;  // its lock is held by each transaction
  Execute("SET lock_timeout = '3s'");
  try {
    impl_->session << kWriterLock;
  } catch (const soci::soci_error& error) {
    impl_->Fail(error, "opening " + impl_->shown + " to write");
  }
  Execute("SET lock_timeout = 0");
}

void Connection::BeginWriting() {
  impl_->Execute(impl_->engine == Engine::kPostgresql ? "BEGIN" : "BEGIN IMMEDIATE");
}

void Connection::BeginReading() {
  impl_->Execute(impl_->engine == Engine::kPostgresql
                     ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                     : "BEGIN");
}

void Connection::Commit() {
  if (impl_->doomed) throw StoreError("the record's database refused a row; nothing was recorded");
  impl_->Settle(false);
  impl_->Execute("COMMIT");
}

void Connection::Rollback() noexcept {
  impl_->waiting.Shrink(0);
  impl_->mark.reset();
  impl_->part_begun = false;
  impl_->doomed = false;
  try {
    impl_->session << "ROLLBACK";
  } catch (const std::exception&) {
    // The engine has rolled back by itself (disk full, for example): nothing is left to undo.
  }
}

void Connection::Mark() { impl_->mark = impl_->waiting.size(); }

void Connection::KeepMarked() {
  if (impl_->part_begun) impl_->Run("RELEASE SAVEPOINT part", {});
  impl_->part_begun = false;
  impl_->mark.reset();
}

void Connection::UndoMarked() {
  impl_->waiting.Shrink(*impl_->mark);
  if (impl_->part_begun) impl_->Execute("ROLLBACK TO SAVEPOINT part");
  KeepMarked();
}

void Connection::Execute(const std::string& sql) {
  impl_->Settle(true);
  impl_->Execute(sql);
}

void Connection::Run(std::string_view sql, const std::vector<Parameter>& parameters) {
  impl_->Settle(true);
  impl_->Run(sql, parameters);
}

void Connection::Insert(std::string_view table, std::string_view columns,
                        std::vector<Parameter> row) {
  impl_->waiting.Add(table, columns, std::move(row));
  // Only a server is far enough away for a row to wait for others.
  if (impl_->engine == Engine::kSqlite || impl_->waiting.full()) impl_->Settle(false);
}

std::vector<Record> Connection::Query(std::string_view sql,
                                      const std::vector<Parameter>& parameters, int columns,
                                      Concerns concerns) {
  if (impl_->waiting.Touch(concerns)) impl_->Settle(false);
  try {
    Prepared& prepared = impl_->Get(sql, parameters, columns);
    prepared.Fill(parameters);
    std::vector<Record> rows;
    prepared.statement.execute(false);
    while (prepared.statement.fetch()) {
      rows.emplace_back(prepared.texts.begin(), prepared.texts.end());
    }
    return rows;
  } catch (const soci::soci_error& error) {
    impl_->Forget(sql);
    impl_->Fail(error, "reading");
  }
}

std::vector<std::string> Connection::Statements() const {
  std::vector<std::string> statements;
  for (const auto& [sql, prepared] : impl_->prepared) statements.push_back(sql);
  return statements;
}

std::int64_t ToInteger(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw StoreError("the record's database holds \"" + text +
                     "\" where a number belongs; restore it from a backup");
  }
  return value;
}

}  // namespace sop::store
