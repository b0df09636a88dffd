#include <algorithm>

#include "sop/store/rows.h"
#include "sop/store/schema.h"
#include "sop/store/store.h"

namespace sop::store {
namespace {

constexpr int kEventColumns = 4;
constexpr int kRegisterColumns = 6;
constexpr int kMeasurementColumns = 13;
constexpr int kQuantityColumns = 10;

const std::string kSelectEvent = "SELECT idx, line, leaf_hash, recorded_ms FROM event ";
const std::string kSelectMeasurement =
    "SELECT measurement_key, instrument, configuration, procedure_id, purpose, acquired_at, "
    "acquired_ms, received_at, idx, decided_idx, outcome, review, body FROM measurement ";
const std::string kSelectQuantity =
    "SELECT measurement_key, position, subject, quantity, definition, channel, qualifier, "
    "acquired_ms, decided_idx, body FROM quantity ";

std::string SelectRegister(Table table) {
  return "SELECT id, scope, from_index, to_index, recorded_ms, body FROM " +
         std::string(Name(table)) + " ";
}

const std::string kSelectSeries =
    "SELECT q.measurement_key, q.position, q.subject, q.quantity, q.definition, q.channel, "
    "q.qualifier, q.acquired_ms, q.decided_idx, q.body, m.acquired_at, m.received_at, m.purpose "
    "FROM quantity q JOIN measurement m ON m.measurement_key = q.measurement_key ";

EventRow ToEvent(Record& record) {
  return {ToInteger(record[0]), std::move(record[1]), std::move(record[2]), ToInteger(record[3])};
}

RegisterRow ToRegister(Record& record) {
  return {std::move(record[0]), std::move(record[1]), ToInteger(record[2]),
          ToInteger(record[3]), ToInteger(record[4]), std::move(record[5])};
}

MeasurementRow ToMeasurement(Record& record) {
  return {std::move(record[0]), std::move(record[1]), std::move(record[2]),  std::move(record[3]),
          std::move(record[4]), std::move(record[5]), ToInteger(record[6]),  std::move(record[7]),
          ToInteger(record[8]), ToInteger(record[9]), std::move(record[10]), std::move(record[11]),
          std::move(record[12])};
}

QuantityRow ToQuantity(Record& record) {
  return {std::move(record[0]), ToInteger(record[1]), std::move(record[2]), std::move(record[3]),
          std::move(record[4]), std::move(record[5]), std::move(record[6]), ToInteger(record[7]),
          ToInteger(record[8]), std::move(record[9])};
}

SeriesRow ToSeries(Record& record) {
  return {ToQuantity(record), std::move(record[10]), std::move(record[11]), std::move(record[12])};
}

/// The words of the partial indexes, so that an engine sees which one serves.
std::string OfAssignment(Counting counting) {
  const std::string where =
      "WHERE instrument = :p1 AND configuration = :p2 AND procedure_id = :p3 ";
  switch (counting) {
    case Counting::kAny:
      return where + "AND " + kCounts + " ";
    case Counting::kGood:
      return where + "AND " + kIsGood + " AND " + kCounts + " ";
    case Counting::kBad:
      return where + "AND " + kIsBad + " AND " + kCounts + " ";
    case Counting::kAsFound:
      return where + "AND " + kIsAsFound + " ";
  }
  return where;  // unreachable for a valid enumerator; -Wswitch guards the list above
}

CheckpointRow ToCheckpoint(Record& record) { return {ToInteger(record[0]), std::move(record[1])}; }

}  // namespace

std::int64_t Reader::EventCount() const {
  return ToInteger(
      connection_->Query("SELECT coalesce(max(idx) + 1, 0) FROM event", {}, 1, {"event", {}})
          .at(0)
          .at(0));
}

std::int64_t Reader::EventRows() const {
  return ToInteger(connection_->Query("SELECT count(*) FROM event", {}, 1).at(0).at(0));
}

std::optional<EventRow> Reader::Event(std::int64_t idx) const {
  return First(
      All(connection_->Query(kSelectEvent + "WHERE idx = :p1", {idx}, kEventColumns, {"event", {}}),
          ToEvent));
}

std::vector<EventRow> Reader::Events(std::int64_t from, std::int64_t limit) const {
  return All(connection_->Query(kSelectEvent + "WHERE idx >= :p1 ORDER BY idx LIMIT :p2",
                                {from, limit}, kEventColumns, {"event", {}}),
             ToEvent);
}

std::int64_t Reader::EventsRecordedBy(std::int64_t recorded_ms) const {
  // Recorded time never goes backwards, so the last such event has the highest index.
  return ToInteger(connection_
                       ->Query("SELECT coalesce((SELECT idx + 1 FROM event "
                               "WHERE recorded_ms <= :p1 "
                               "ORDER BY recorded_ms DESC, idx DESC LIMIT 1), 0)",
                               {recorded_ms}, 1)
                       .at(0)
                       .at(0));
}

std::optional<CheckpointRow> Reader::LastCheckpoint() const {
  return First(All(connection_->Query("SELECT tree_size, note FROM checkpoint "
                                      "ORDER BY tree_size DESC LIMIT 1",
                                      {}, 2),
                   ToCheckpoint));
}

std::optional<CheckpointRow> Reader::CheckpointCovering(std::int64_t idx) const {
  return First(Checkpoints(idx, 1));
}

std::vector<CheckpointRow> Reader::Checkpoints(std::int64_t after_size, std::int64_t limit) const {
  return All(connection_->Query("SELECT tree_size, note FROM checkpoint WHERE tree_size > :p1 "
                                "ORDER BY tree_size LIMIT :p2",
                                {after_size, limit}, 2),
             ToCheckpoint);
}

std::optional<TileRow> Reader::Tile(std::int64_t level, std::int64_t idx) const {
  return First(
      All(connection_->Query("SELECT level, idx, hashes FROM tile WHERE level = :p1 AND idx = :p2",
                             {level, idx}, 3, {"tile", {}}),
          [](Record& record) {
            return TileRow{ToInteger(record[0]), ToInteger(record[1]), std::move(record[2])};
          }));
}

std::int64_t Reader::TileCount() const {
  return ToInteger(connection_->Query("SELECT count(*) FROM tile", {}, 1).at(0).at(0));
}

std::vector<RegisterRow> Reader::Rows(Table table, std::int64_t at, std::string_view scope) const {
  std::string sql = SelectRegister(table) + "WHERE to_index >= :p1 AND from_index < :p2";
  std::vector<Parameter> parameters = {at, at};
  if (!scope.empty()) {
    sql += " AND scope = :p3";
    parameters.emplace_back(std::string(scope));
  }
  // Ordered here: an engine asked for order would walk through every version by id.
  auto rows =
      All(connection_->Query(sql, parameters, kRegisterColumns, {Name(table), {}}), ToRegister);
  std::ranges::sort(rows, {}, &RegisterRow::id);
  return rows;
}

std::optional<RegisterRow> Reader::Row(Table table, std::string_view id, std::int64_t at) const {
  return First(
      All(connection_->Query(SelectRegister(table) + "WHERE id = :p1 AND from_index < :p2 "
                                                     "AND to_index >= :p3",
                             {std::string(id), at, at}, kRegisterColumns, {Name(table), id}),
          ToRegister));
}

std::vector<RegisterRow> Reader::Versions(Table table, std::string_view id, std::int64_t at) const {
  return All(connection_->Query(
                 SelectRegister(table) + "WHERE id = :p1 AND from_index < :p2 ORDER BY from_index",
                 {std::string(id), at}, kRegisterColumns, {Name(table), id}),
             ToRegister);
}

std::optional<MeasurementRow> Reader::Measurement(std::string_view key) const {
  return First(
      All(connection_->Query(kSelectMeasurement + "WHERE measurement_key = :p1", {std::string(key)},
                             kMeasurementColumns, {"measurement", key}),
          ToMeasurement));
}

std::vector<MeasurementRow> Reader::Measurements(const MeasurementFilter& filter,
                                                 std::int64_t at) const {
  std::string sql = kSelectMeasurement + "WHERE idx < :p1 AND decided_idx < :p2 ";
  // A decision follows its measurement, so what is decided by `at` was received before it.
  std::vector<Parameter> parameters = {std::min(filter.before_idx, at), at};
  const auto add = [&](const char* column, const std::string& value) {
    if (value.empty()) return;
    parameters.emplace_back(value);
    sql += std::string("AND ") + column + " = :p" + std::to_string(parameters.size()) + " ";
  };
  add("instrument", filter.instrument);
  add("configuration", filter.configuration);
  add("procedure_id", filter.procedure);
  parameters.emplace_back(std::int64_t{filter.limit});
  sql += "ORDER BY idx DESC LIMIT :p" + std::to_string(parameters.size());
  return All(connection_->Query(sql, parameters, kMeasurementColumns), ToMeasurement);
}

std::vector<MeasurementRow> Reader::Newest(const AssignmentKey& key, Counting counting, int limit,
                                           const Place& after,
                                           const std::optional<Place>& before) const {
  const Place end = before.value_or(Place{key.until_ms, kForever});
  return All(
      connection_->Query(kSelectMeasurement + OfAssignment(counting) +
                             "AND (acquired_ms, idx) > (:p4, :p5) AND (acquired_ms, idx) < "
                             "(:p6, :p7) AND decided_idx < :p8 "
                             "ORDER BY acquired_ms DESC, idx DESC LIMIT :p9",
                         {key.instrument, key.configuration, key.procedure, after.acquired_ms,
                          after.idx, end.acquired_ms, end.idx, key.at, std::int64_t{limit}},
                         kMeasurementColumns, {"measurement", {}}),
      ToMeasurement);
}

std::optional<MeasurementRow> Reader::Oldest(const AssignmentKey& key, Counting counting,
                                             const Place& after) const {
  return First(
      All(connection_->Query(kSelectMeasurement + OfAssignment(counting) +
                                 "AND (acquired_ms, idx) > (:p4, :p5) AND acquired_ms <= :p6 AND "
                                 "decided_idx < :p7 ORDER BY acquired_ms, idx LIMIT 1",
                             {key.instrument, key.configuration, key.procedure, after.acquired_ms,
                              after.idx, key.until_ms, key.at},
                             kMeasurementColumns, {"measurement", {}}),
          ToMeasurement));
}

std::int64_t Reader::RegistersChanged(std::int64_t at) const {
  return ToInteger(connection_
                       ->Query("SELECT coalesce((SELECT idx FROM register_change WHERE idx < :p1 "
                               "ORDER BY idx DESC LIMIT 1), -1)",
                               {at}, 1, {"register_change", {}})
                       .at(0)
                       .at(0));
}

std::vector<SeriesRow> Reader::Series(const SeriesKey& key, std::int64_t at, int limit) const {
  std::string sql = kSelectSeries +
                    "WHERE q.subject = :p1 AND q.quantity = :p2 AND q.decided_idx < :p3 AND "
                    "q.acquired_ms >= :p4 AND q.acquired_ms <= :p5 ";
  std::vector<Parameter> parameters = {key.subject, key.quantity, at, key.from_ms, key.to_ms};
  const auto add = [&](const char* column, const std::string& value) {
    parameters.emplace_back(value);
    sql += std::string("AND ") + column + " = :p" + std::to_string(parameters.size()) + " ";
  };
  if (!key.definition.empty()) add("q.definition", key.definition);
  if (key.channel != "*") add("q.channel", key.channel);
  parameters.emplace_back(std::int64_t{limit});
  sql += "ORDER BY q.acquired_ms DESC, q.decided_idx DESC, q.position DESC LIMIT :p" +
         std::to_string(parameters.size());
  auto rows = All(connection_->Query(sql, parameters, kQuantityColumns + 3), ToSeries);
  std::reverse(rows.begin(), rows.end());
  return rows;
}

std::vector<QuantityRow> Reader::Quantities(std::string_view measurement) const {
  return All(connection_->Query(kSelectQuantity + "WHERE measurement_key = :p1 ORDER BY position",
                                {std::string(measurement)}, kQuantityColumns),
             ToQuantity);
}

std::optional<TokenRow> Reader::Token(std::string_view digest) const {
  return First(
      All(connection_->Query("SELECT digest, subject, role FROM token WHERE digest = :p1",
                             {std::string(digest)}, 3),
          [](Record& record) {
            return TokenRow{std::move(record[0]), std::move(record[1]), std::move(record[2])};
          }));
}

std::optional<EnrolmentRow> Reader::Enrolment(std::string_view digest) const {
  return First(All(connection_->Query("SELECT digest, agent, instruments, expires_ms "
                                      "FROM enrolment WHERE digest = :p1",
                                      {std::string(digest)}, 4),
                   [](Record& record) {
                     return EnrolmentRow{std::move(record[0]), std::move(record[1]),
                                         std::move(record[2]), ToInteger(record[3])};
                   }));
}

std::vector<InboxRow> Reader::Inbox() const {
  return All(connection_->Query("SELECT agent, reported_at, body FROM inbox ORDER BY agent", {}, 3),
             [](Record& record) {
               return InboxRow{std::move(record[0]), std::move(record[1]), std::move(record[2])};
             });
}

}  // namespace sop::store
