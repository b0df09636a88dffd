#pragma once

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>

#include "monitor/service/journal_writer.h"
#include "monitor/service/record.h"
#include "sop/store/store.h"

namespace monitor::service {

/// Who asked for what, and was refused or let through: a table beside the journal.
///
/// Entries wait in memory for at most a second and are written in one transaction, so that no
/// request waits for them; a crash loses that second. Like entries of one second stand once, with
/// their number, and at most 5,000 different ones are kept of it: a flood costs little, and what
/// was not kept is counted in an entry of its own.
/// Threads  any.
class AccessLog {
 public:
  AccessLog(sop::store::Store& store, JournalWriter& writer, Clock clock)
      : store_(store), writer_(writer), clock_(std::move(clock)) {}

  struct Entry {
    std::string subject;  ///< empty: nobody had signed in
    std::string method, route, target;
    int status = 0;
    std::string address;
  };
  void Add(Entry entry);

  /// Newest first, with what came in so far:
  /// {"items":[{"at","subject","method","route","target","status","address",
  /// "times"}],"next_cursor"}. Problem 400 for a cursor that is none.
  struct Query {
    std::string subject{}, from{}, to{}, cursor{};
    int limit = 100;
  };
  [[nodiscard]] nlohmann::json Read(const Query& query);

  /// Writes down what came in; kept for another try when that fails.
  void Flush();
  /// Removes what is older than the facility keeps.
  void Prune();

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string, int, std::string>;
  struct Count {
    std::int64_t first_ms = 0;
    std::int64_t times = 0;
  };

  using News = std::map<Key, Count>;
  void PutBack(News news, std::int64_t lost);
  Count* Place(Key key);

  sop::store::Store& store_;
  JournalWriter& writer_;
  Clock clock_;
  std::mutex mutex_;
  News news_;
  std::int64_t lost_ = 0;
};

}  // namespace monitor::service
