#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sop/store/engine.h"
#include "sop/store/store.h"

namespace sop::store {

using Parameter = std::variant<std::int64_t, std::string>;
using Record = std::vector<std::string>;  ///< one result row, every column as text

/// The rows that a question is about: those of a table whose first column is `key`; of every table,
/// with every key, when they are empty.
struct Concerns {
  std::string_view table;
  std::string_view key;
};

/// One database session: the only place that knows the database library.
///
/// Statements use `:p1`, `:p2` ... in order and are kept prepared. Every column comes back as text,
/// which every engine can give. Inserted rows wait for a server, and go there together: with the
/// commit, before any other statement, and before a question that they may answer. A row that the
/// engine refuses is therefore told by a later call of the same transaction. Errors   StoreError;
/// also for a text with a NUL character, which not every engine keeps. Threads  one at a time.
class Connection {
 public:
  Connection(const std::string& database, Access access);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] Engine engine() const;
  /// Whether the engine has gone away; a session that is lost stays so.
  [[nodiscard]] bool lost() const;
  /// Waits a little for the right to write, which this session then holds until it ends.
  void BecomeWriter();

  /// `BEGIN` of the writer, and of a reader that sees one committed state.
  void BeginWriting();
  void BeginReading();
  void Commit();
  /// What waits is forgotten too. Never throws: what cannot be undone was never committed.
  void Rollback() noexcept;
  /// A part of a transaction that can be undone alone; costs nothing unless it has to be.
  void Mark();
  void KeepMarked();
  void UndoMarked();

  /// A statement without parameters or result: DDL, PRAGMA.
  void Execute(const std::string& sql);
  void Run(std::string_view sql, const std::vector<Parameter>& parameters);
  /// `columns` of `table` as "a, b, c"; both must outlive the session.
  void Insert(std::string_view table, std::string_view columns, std::vector<Parameter> row);
  [[nodiscard]] std::vector<Record> Query(std::string_view sql,
                                          const std::vector<Parameter>& parameters, int columns,
                                          Concerns concerns = {});
  /// What is kept prepared, so that an engine can be asked how it means to answer.
  [[nodiscard]] std::vector<std::string> Statements() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The integer in a column; StoreError when there is none.
[[nodiscard]] std::int64_t ToInteger(const std::string& text);

}  // namespace sop::store
