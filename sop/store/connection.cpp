#include "sop/store/connection.h"

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <charconv>
#include <deque>
#include <map>

namespace sop::store {
namespace {

[[noreturn]] void Fail(const std::exception& error, std::string_view doing) {
  const std::string_view why = error.what();
  const bool damaged = why.find("malformed") != std::string_view::npos ||
                       why.find("not a database") != std::string_view::npos;
  throw StoreError("the record's database failed while " + std::string(doing) + ": " +
                   error.what() +
                   (damaged ? "; the file is damaged: keep it as it is and restore a backup into "
                              "another folder"
                            : "; check free space and permissions of the data folder"));
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
      } else {
        strings[i] = std::get<std::string>(parameters[i]);
      }
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
  soci::session session;
  std::map<std::string, std::unique_ptr<Prepared>, std::less<>> prepared;

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
};

Connection::Connection(const std::string& path, Access access) : impl_(std::make_unique<Impl>()) {
  try {
    // SOCI splits this text at blanks, so a path is quoted.
    std::string options = "db=\"" + path + "\" timeout=10";
    if (access == Access::kReadOnly) options += " readonly=true";
    impl_->session.open(soci::sqlite3, options);
    Execute("PRAGMA foreign_keys = ON");
    Execute("PRAGMA recursive_triggers = ON");
    if (access == Access::kReadWrite) {
      Execute("PRAGMA journal_mode = WAL");
      Execute("PRAGMA synchronous = FULL");
      Execute("PRAGMA secure_delete = ON");  // what is erased leaves no bytes in freed pages
    } else {
      Execute("PRAGMA query_only = ON");
    }
  } catch (const soci::soci_error& error) {
    Fail(error, "opening " + path);
  }
}

Connection::~Connection() = default;

void Connection::Execute(const std::string& sql) {
  try {
    impl_->session << sql;
  } catch (const soci::soci_error& error) {
    Fail(error, "running \"" + sql.substr(0, 60) + "\"");
  }
}

void Connection::Run(std::string_view sql, const std::vector<Parameter>& parameters) {
  try {
    Prepared& prepared = impl_->Get(sql, parameters, 0);
    prepared.Fill(parameters);
    prepared.statement.execute(true);
  } catch (const soci::soci_error& error) {
    // A statement that failed keeps its position; a fresh one starts clean.
    impl_->Forget(sql);
    Fail(error, "writing");
  }
}

std::vector<Record> Connection::Query(std::string_view sql,
                                      const std::vector<Parameter>& parameters, int columns) {
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
    Fail(error, "reading");
  }
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
