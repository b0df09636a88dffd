#include "sop/recurrence.h"

#include <libical/ical.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

namespace sop {
namespace {

// A rule comes from people's hands; these keep libical's search short for any text.
constexpr std::size_t kMaxRuleBytes = 200;
constexpr std::size_t kMaxListItems = 31;
constexpr std::chrono::days kHorizon{366 * 12};
constexpr int kMaxSteps = 64;

[[noreturn]] void Refuse(std::string_view rule, const std::string& why) {
  throw std::invalid_argument("recurrence '" + std::string(rule.substr(0, kMaxRuleBytes)) + "' " +
                              why);
}

struct Part {
  std::string_view key;
  std::string_view value;
};

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> items;
  for (;;) {
    const std::size_t at = text.find(separator);
    items.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return items;
    text.remove_prefix(at + 1);
  }
}

/// A whole number of at most three digits with magnitude in [1, largest].
bool IsNumber(std::string_view text, int largest, bool may_be_negative) {
  if (may_be_negative && (text.starts_with('-') || text.starts_with('+'))) text.remove_prefix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && text.size() <= 4 &&
         text[0] != '-' && value >= 1 && value <= largest;
}

bool IsWeekday(std::string_view text) {
  constexpr std::string_view kDays[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
  return std::find(std::begin(kDays), std::end(kDays), text) != std::end(kDays);
}

bool IsByDay(std::string_view text, bool may_count) {
  if (text.size() < 2 || !IsWeekday(text.substr(text.size() - 2))) return false;
  const std::string_view count = text.substr(0, text.size() - 2);
  return count.empty() || (may_count && IsNumber(count, 4, true));
}

template <typename Check>
bool EveryItem(std::string_view list, Check check) {
  const auto items = Split(list, ',');
  return items.size() <= kMaxListItems && std::all_of(items.begin(), items.end(), check);
}

std::optional<std::string_view> Find(const std::vector<Part>& parts, std::string_view key) {
  for (const Part& part : parts) {
    if (part.key == key) return part.value;
  }
  return std::nullopt;
}

/// About ten years, in the rule's own steps.
int LargestInterval(std::string_view frequency) {
  if (frequency == "DAILY") return 3650;
  if (frequency == "WEEKLY") return 520;
  if (frequency == "MONTHLY") return 120;
  return 10;
}

bool IsPartSound(const Part& part, std::string_view frequency) {
  const bool monthly = frequency == "MONTHLY";
  const bool by_month_or_year = monthly || frequency == "YEARLY";
  if (part.key == "FREQ") return true;
  if (part.key == "INTERVAL") return IsNumber(part.value, LargestInterval(frequency), false);
  if (part.key == "WKST") return IsWeekday(part.value);
  if (part.key == "BYMONTH" && by_month_or_year) {
    return EveryItem(part.value, [](std::string_view item) { return IsNumber(item, 12, false); });
  }
  if (part.key == "BYMONTHDAY" && by_month_or_year) {
    return EveryItem(part.value, [](std::string_view item) { return IsNumber(item, 31, true); });
  }
  if (part.key == "BYSETPOS" && monthly) {
    return EveryItem(part.value, [](std::string_view item) { return IsNumber(item, 4, true); });
  }
  if (part.key == "BYDAY" && frequency != "YEARLY") {
    return EveryItem(part.value, [&](std::string_view item) { return IsByDay(item, monthly); });
  }
  return false;
}

/// libical searches until the year 2582, and for ever where BYSETPOS counts further than there are
/// days, when a rule never occurs. Parts that can contradict each other are therefore kept apart,
/// and every rule that passes here occurs: each month has a 28th and four of each weekday.
void CheckTogether(const std::vector<Part>& parts, std::string_view rule) {
  const auto by_day = Find(parts, "BYDAY");
  const auto by_month_day = Find(parts, "BYMONTHDAY");
  const bool yearly = Find(parts, "FREQ") == "YEARLY";
  const bool every_step = Find(parts, "INTERVAL").value_or("1") == "1";
  if (by_day && by_month_day) Refuse(rule, "may use BYDAY or BYMONTHDAY, not both");
  if (!every_step && by_day && Find(parts, "FREQ") == "DAILY") {
    Refuse(rule, "may use INTERVAL or BYDAY with FREQ=DAILY, not both");
  }
  if (!every_step && !yearly && Find(parts, "BYMONTH")) {
    Refuse(rule, "may use INTERVAL or BYMONTH with FREQ=MONTHLY, not both");
  }
  if (Find(parts, "BYSETPOS") && (!by_day || !EveryItem(*by_day, IsWeekday))) {
    Refuse(rule, "may use BYSETPOS only with plain weekdays in BYDAY");
  }
  if (by_month_day && (Find(parts, "BYMONTH") || !every_step) &&
      !EveryItem(*by_month_day, [](std::string_view day) { return IsNumber(day, 28, true); })) {
    Refuse(rule,
           "must use days of the month up to 28, or -1 for the last, with BYMONTH or INTERVAL");
  }
}

std::vector<Part> Parse(std::string_view rule) {
  if (rule.empty() || rule.size() > kMaxRuleBytes) Refuse(rule, "must be 1 to 200 characters");
  std::vector<Part> parts;
  for (const std::string_view item : Split(rule, ';')) {
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos)
      Refuse(rule, "must be KEY=VALUE parts between semicolons");
    const Part part{item.substr(0, equals), item.substr(equals + 1)};
    if (Find(parts, part.key)) Refuse(rule, "names " + std::string(part.key) + " twice");
    parts.push_back(part);
  }
  const std::string_view frequency = Find(parts, "FREQ").value_or("");
  constexpr std::string_view kKnown[] = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
  if (std::find(std::begin(kKnown), std::end(kKnown), frequency) == std::end(kKnown)) {
    Refuse(rule, "needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY");
  }
  for (const Part& part : parts) {
    if (!IsPartSound(part, frequency)) {
      Refuse(rule, "has a part that is not supported here: " + std::string(part.key) + "=" +
                       std::string(part.value));
    }
  }
  CheckTogether(parts, rule);
  return parts;
}

/// "the 31st, or the last day of a shorter month": the last of the days 28 to `day` that exist.
std::string ShortMonths(const std::vector<Part>& parts, std::chrono::year_month_day start) {
  const std::string_view frequency = *Find(parts, "FREQ");
  const auto day = static_cast<unsigned>(start.day());
  const bool by_other =
      Find(parts, "BYDAY") || Find(parts, "BYMONTHDAY") || Find(parts, "BYSETPOS");
  const bool several = Find(parts, "BYMONTH").value_or("").find(',') != std::string_view::npos;
  if (day < 29 || by_other || (frequency == "YEARLY" && several)) return "";
  if (frequency != "MONTHLY" && frequency != "YEARLY") return "";
  std::string days = ";BYMONTHDAY=28";
  for (unsigned d = 29; d <= day; ++d) days += "," + std::to_string(d);
  if (frequency == "YEARLY" && !Find(parts, "BYMONTH")) {
    days += ";BYMONTH=" + std::to_string(static_cast<unsigned>(start.month()));
  }
  return days + ";BYSETPOS=-1";
}

/// A day on the rule's own grid at or before `after`, so that the search does not walk from the
/// first occurrence: moved by whole intervals, which leaves the rule's meaning alone.
Day NearStart(const std::vector<Part>& parts, Day start, Day after) {
  using namespace std::chrono;
  if (after <= start) return start;
  const std::string_view frequency = *Find(parts, "FREQ");
  const std::string_view text = Find(parts, "INTERVAL").value_or("1");
  int interval = 1;
  std::from_chars(text.data(), text.data() + text.size(), interval);
  if (frequency == "DAILY" || frequency == "WEEKLY") {
    const days step(frequency == "DAILY" ? interval : 7 * interval);
    return start + step * ((after - start) / step);
  }
  const year_month_day from(start);
  const year_month_day to(after);
  const months step(frequency == "MONTHLY" ? interval : 12 * interval);
  const months apart = to.year() / to.month() - from.year() / from.month();
  // One step short of `after`, so that nothing of its own month is passed over.
  const year_month month =
      from.year() / from.month() + step * std::max<months::rep>(apart / step - 1, 0);
  // A day that the month lacks only bounds the search; the rule then names its days itself.
  const year_month_day moved = month / from.day();
  return moved.ok() ? sys_days(moved) : sys_days(month / last);
}

icaltimetype IcalDay(Day day) {
  const std::chrono::year_month_day date(day);
  icaltimetype time{};  // not icaltime_null_date(), whose hour of -1 ends the search at once
  time.is_date = 1;
  time.year = static_cast<int>(date.year());
  time.month = static_cast<int>(static_cast<unsigned>(date.month()));
  time.day = static_cast<int>(static_cast<unsigned>(date.day()));
  return time;
}

Day DayOf(const icaltimetype& time) {
  using namespace std::chrono;
  return sys_days(year(time.year) / month(static_cast<unsigned>(time.month)) /
                  day(static_cast<unsigned>(time.day)));
}

struct FreeIterator {
  void operator()(icalrecur_iterator* iterator) const { icalrecur_iterator_free(iterator); }
};

}  // namespace

Day NextOccurrence(const std::string& recurrence, Day start, Day after) {
  const std::vector<Part> parts = Parse(recurrence);
  const std::string rule = recurrence + ShortMonths(parts, std::chrono::year_month_day(start));
  const icalrecurrencetype recur = icalrecurrencetype_from_string(rule.c_str());
  if (recur.freq == ICAL_NO_RECURRENCE) Refuse(recurrence, "is not a rule of RFC 5545");
  const std::unique_ptr<icalrecur_iterator, FreeIterator> iterator(
      icalrecur_iterator_new(recur, IcalDay(NearStart(parts, start, after))));
  if (!iterator) Refuse(recurrence, "is not a rule of RFC 5545");
  for (int step = 0; step < kMaxSteps; ++step) {
    const icaltimetype next = icalrecur_iterator_next(iterator.get());
    if (icaltime_is_null_time(next)) break;
    const Day day = DayOf(next);
    if (day - std::max(start, after) > kHorizon) break;
    if (day > after) return day;
  }
  Refuse(recurrence, "does not occur within twelve years");
}

}  // namespace sop
