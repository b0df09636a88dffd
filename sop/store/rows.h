#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "sop/store/connection.h"

namespace sop::store {

template <typename Convert>
auto All(std::vector<Record> records, Convert convert) {
  std::vector<decltype(convert(records.front()))> rows;
  rows.reserve(records.size());
  for (Record& record : records) rows.push_back(convert(record));
  return rows;
}

template <typename Row>
std::optional<Row> First(std::vector<Row> rows) {
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

}  // namespace sop::store
