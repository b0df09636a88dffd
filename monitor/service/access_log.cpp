#include "monitor/service/access_log.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "monitor/service/time_text.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::AccessRow;

constexpr std::size_t kMostNews = 5'000;
constexpr std::size_t kLongestTarget = 256;
constexpr int kDefaultDays = 730;

std::int64_t BeforeId(const std::string& cursor) {
  if (cursor.empty()) return INT64_MAX;
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), id);
  if (error == std::errc() && end == cursor.data() + cursor.size()) return id;
  throw Problem(400, "bad_parameter", "\"cursor\" is the next_cursor of the page before.");
}

std::int64_t TimeOr(const std::string& text, std::int64_t otherwise) {
  return text.empty() ? otherwise : ToMs(ParseTime(text).value());
}

int DaysKept(const sop::store::Reader& tables) {
  const auto row = tables.Row(sop::store::Table::kFacility, "facility", tables.EventCount());
  return row ? Json::parse(row->body).value("access_log_days", kDefaultDays) : kDefaultDays;
}

}  // namespace

void AccessLog::Add(Entry entry) {
  entry.target.resize(std::min(entry.target.size(), kLongestTarget));
  const std::int64_t now = ToMs(clock_());
  const std::lock_guard lock(mutex_);
  Key key{std::move(entry.subject),
          std::move(entry.method),
          std::move(entry.route),
          std::move(entry.target),
          entry.status,
          std::move(entry.address)};
  Count* count = Place(std::move(key));
  if (count == nullptr) {
    ++lost_;
  } else if (count->times++ == 0) {
    count->first_ms = now;
  }
}

AccessLog::Count* AccessLog::Place(Key key) {
  const auto found = news_.find(key);
  if (found != news_.end()) return &found->second;
  return news_.size() < kMostNews ? &news_[std::move(key)] : nullptr;
}

void AccessLog::PutBack(News news, std::int64_t lost) {
  const std::lock_guard lock(mutex_);
  lost_ += lost;
  for (auto& [key, count] : news) {
    Count* place = Place(key);
    if (place == nullptr) {
      lost_ += count.times;
      continue;
    }
    place->first_ms = count.first_ms;
    place->times += count.times;
  }
}

void AccessLog::Flush() {
  News news;
  std::int64_t lost = 0;
  {
    const std::lock_guard lock(mutex_);
    if (news_.empty() && lost_ == 0) return;
    news = std::exchange(news_, {});
    lost = std::exchange(lost_, 0);
  }
  std::vector<AccessRow> rows;
  for (const auto& [key, count] : news) {
    const auto& [subject, method, route, target, status, address] = key;
    rows.push_back(
        {0, count.first_ms, subject, method, route, target, status, address, count.times});
  }
  std::ranges::stable_sort(rows, {}, &AccessRow::at_ms);
  if (lost > 0) {
    rows.push_back(
        {0, ToMs(clock_()), "service", "", "", "entries that were not kept", 0, "", lost});
  }
  try {
    writer_.Run([&](JournalWriter::Batch& batch) {
      for (const AccessRow& row : rows) batch.tables().AddAccess(row);
    });
  } catch (...) {
    PutBack(std::move(news), lost);
    throw;
  }
}

void AccessLog::Prune() {
  const auto kept = std::chrono::days(DaysKept(*store_.Read()));
  writer_.Run(
      [&](JournalWriter::Batch& batch) { batch.tables().PruneAccessLog(ToMs(clock_() - kept)); });
}

Json AccessLog::Read(const Query& query) {
  Flush();
  const auto rows = store_.Read()->AccessLog({.subject = query.subject,
                                              .from_ms = TimeOr(query.from, INT64_MIN),
                                              .to_ms = TimeOr(query.to, INT64_MAX),
                                              .before_id = BeforeId(query.cursor),
                                              .limit = query.limit});
  Json items = Json::array();
  for (const AccessRow& row : rows) {
    items.push_back({{"at", TimeText(FromMs(row.at_ms))},
                     {"subject", row.subject.empty() ? Json() : Json(row.subject)},
                     {"method", row.method},
                     {"route", row.route},
                     {"target", row.target},
                     {"status", row.status},
                     {"address", row.address},
                     {"times", row.times}});
  }
  const bool more = static_cast<int>(rows.size()) == query.limit && !rows.empty();
  return {{"items", std::move(items)},
          {"next_cursor", more ? Json(std::to_string(rows.back().id)) : Json()}};
}

}  // namespace monitor::service
