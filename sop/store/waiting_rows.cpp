#include "sop/store/waiting_rows.h"

#include <algorithm>
#include <iterator>

namespace sop::store {
namespace {

constexpr std::size_t kMaxRows = 2000;
constexpr std::size_t kMaxBytes = 4U << 20U;

std::size_t BytesOf(const std::vector<Parameter>& values) {
  std::size_t bytes = 0;
  for (const Parameter& value : values) {
    const auto* text = std::get_if<std::string>(&value);
    bytes += text ? text->size() : sizeof(std::int64_t);
  }
  return bytes;
}

/// An element of an array's text: quoted, so that it may hold anything.
void AppendElement(const Parameter& value, std::string& array) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    array += std::to_string(*integer);
    return;
  }
  array.push_back('"');
  for (const char c : std::get<std::string>(value)) {
    if (c == '"' || c == '\\') array.push_back('\\');
    array.push_back(c);
  }
  array.push_back('"');
}

/// Rows refer to events and measurements; these go before what refers to them.
int Rank(std::string_view table) { return table == "event" ? 0 : table == "measurement" ? 1 : 2; }

std::string Numbered(const char* before, std::size_t number, const char* after) {
  return before + std::to_string(number) + after;
}

}  // namespace

void WaitingRows::Add(std::string_view table, std::string_view columns,
                      std::vector<Parameter> row) {
  bytes_ += BytesOf(row);
  rows_.push_back({table, columns, std::move(row)});
}

bool WaitingRows::full() const { return rows_.size() >= kMaxRows || bytes_ >= kMaxBytes; }

bool WaitingRows::Touch(Concerns concerns) const {
  if (concerns.table.empty()) return !rows_.empty();
  return std::any_of(rows_.begin(), rows_.end(), [&](const Row& row) {
    if (row.table != concerns.table) return false;
    const auto* first = std::get_if<std::string>(&row.values.front());
    return concerns.key.empty() || first == nullptr || *first == concerns.key;
  });
}

void WaitingRows::Shrink(std::size_t size) {
  while (rows_.size() > size) {
    bytes_ -= BytesOf(rows_.back().values);
    rows_.pop_back();
  }
}

std::vector<RowGroup> WaitingRows::Take(std::size_t count) {
  std::vector<RowGroup> groups;
  for (; count > 0; --count) {
    Row row = std::move(rows_.front());
    rows_.pop_front();
    bytes_ -= BytesOf(row.values);
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const RowGroup& known) { return known.table == row.table; });
    if (group == groups.end()) {
      groups.push_back({row.table, row.columns, {}});
      group = std::prev(groups.end());
    }
    group->rows.push_back(std::move(row.values));
  }
  std::ranges::stable_sort(groups, {}, [](const RowGroup& group) { return Rank(group.table); });
  return groups;
}

std::string InsertArrays(const RowGroup& group) {
  std::string sql = "INSERT INTO " + std::string(group.table) + " (" + std::string(group.columns) +
                    ") SELECT * FROM unnest(";
  const auto& first = group.rows.front();
  for (std::size_t c = 0; c < first.size(); ++c) {
    const bool integer = std::holds_alternative<std::int64_t>(first[c]);
    sql += Numbered(c == 0 ? "CAST(:p" : ", CAST(:p", c + 1,
                    integer ? " AS bigint[])" : " AS text[])");
  }
  return sql + ")";
}

std::vector<Parameter> Arrays(const RowGroup& group) {
  std::vector<Parameter> arrays;
  for (std::size_t c = 0; c < group.rows.front().size(); ++c) {
    std::string array = "{";
    for (const auto& row : group.rows) {
      if (array.size() > 1) array.push_back(',');
      AppendElement(row[c], array);
    }
    arrays.emplace_back(array + "}");
  }
  return arrays;
}

std::string InsertOne(const RowGroup& group) {
  std::string sql =
      "INSERT INTO " + std::string(group.table) + " (" + std::string(group.columns) + ") VALUES (";
  for (std::size_t c = 0; c < group.rows.front().size(); ++c) {
    sql += Numbered(c == 0 ? ":p" : ", :p", c + 1, "");
  }
  return sql + ")";
}

}  // namespace sop::store
