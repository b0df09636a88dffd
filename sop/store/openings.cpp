#include <algorithm>

#include "sop/store/connection.h"
#include "sop/store/store.h"

namespace sop::store {
namespace {

const std::string kSelect = "SELECT commitment, idx, salt, value FROM opening ";

std::vector<OpeningRow> ToOpenings(std::vector<Record> records) {
  std::vector<OpeningRow> rows;
  for (Record& record : records) {
    rows.push_back(
        {std::move(record[0]), ToInteger(record[1]), std::move(record[2]), std::move(record[3])});
  }
  return rows;
}

}  // namespace

std::optional<OpeningRow> Reader::Opening(std::string_view commitment) const {
  auto rows = ToOpenings(
      connection_->Query(kSelect + "WHERE commitment = :p1", {std::string(commitment)}, 4));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::vector<OpeningRow> Reader::OpeningsOf(std::int64_t idx) const {
  return ToOpenings(connection_->Query(kSelect + "WHERE idx = :p1 ORDER BY commitment", {idx}, 4));
}

std::vector<OpeningRow> Reader::OpeningsWith(std::string_view part) const {
  // The one test for "contains" that is spelled alike everywhere and knows no wildcards.
  return ToOpenings(connection_->Query(
      kSelect + "WHERE replace(value, :p1, '') <> value ORDER BY idx, commitment",
      {std::string(part)}, 4));
}

void Transaction::AddOpening(const OpeningRow& row) {
  connection_->Run("INSERT INTO opening (commitment, idx, salt, value) VALUES (:p1, :p2, :p3, :p4)",
                   {row.commitment, row.idx, row.salt, row.value});
}

void Transaction::EraseOpenings(const std::vector<std::string>& commitments) {
  std::vector<OpeningRow> rows = ToOpenings(connection_->Query(kSelect, {}, 4));
  // All go and the rest comes back: a deleted row alone may leave a copy of itself on a page that
  // was rearranged before. A page that is given up whole is overwritten (secure_delete).
  connection_->Execute("DELETE FROM opening");
  for (OpeningRow& row : rows) {
    if (std::ranges::find(commitments, row.commitment) == commitments.end()) AddOpening(row);
  }
}

}  // namespace sop::store
