#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "sop/store/connection.h"

namespace sop::store {

/// Rows of one table, one after the other in the order of their insertion.
struct RowGroup {
  std::string_view table;
  std::string_view columns;
  std::vector<std::vector<Parameter>> rows;
};

/// Rows that were inserted and not yet sent.
class WaitingRows {
 public:
  void Add(std::string_view table, std::string_view columns, std::vector<Parameter> row);
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  /// Enough for one message to the engine: more would only take memory.
  [[nodiscard]] bool full() const;
  [[nodiscard]] bool Touch(Concerns concerns) const;
  void Shrink(std::size_t size);
  /// The first `count` rows by table; a row comes after the events and measurements that it refers
  /// to, whatever was sent before.
  [[nodiscard]] std::vector<RowGroup> Take(std::size_t count);

 private:
  struct Row {
    std::string_view table;
    std::string_view columns;
    std::vector<Parameter> values;
  };
  std::deque<Row> rows_;
  std::size_t bytes_ = 0;
};

/// One statement that inserts any number of rows: a column is a parameter, an array of its values.
[[nodiscard]] std::string InsertArrays(const RowGroup& group);
[[nodiscard]] std::vector<Parameter> Arrays(const RowGroup& group);
/// The statement that inserts one row.
[[nodiscard]] std::string InsertOne(const RowGroup& group);

}  // namespace sop::store
