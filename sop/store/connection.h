#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sop/store/store.h"

namespace sop::store {

using Parameter = std::variant<std::int64_t, std::string>;
using Record = std::vector<std::string>;  ///< one result row, every column as text

/// One database session: the only place that knows the database library.
///
/// Statements use `:p1`, `:p2` ... in order and are kept prepared. Every column comes back as text,
/// which every engine can give.
/// Errors   StoreError.  Threads  one at a time.
class Connection {
 public:
  Connection(const std::string& path, Access access);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// A statement without parameters or result: DDL, BEGIN, PRAGMA.
  void Execute(const std::string& sql);
  void Run(std::string_view sql, const std::vector<Parameter>& parameters);
  [[nodiscard]] std::vector<Record> Query(std::string_view sql,
                                          const std::vector<Parameter>& parameters, int columns);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The integer in a column; StoreError when there is none.
[[nodiscard]] std::int64_t ToInteger(const std::string& text);

}  // namespace sop::store
