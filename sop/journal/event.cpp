#include "sop/journal/event.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "sop/journal/canonical_json.h"

namespace sop::journal {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxTypeBytes = 64;
constexpr std::size_t kMaxActorBytes = 200;
constexpr int kMaxVersion = 1'000'000;
constexpr std::string_view kTimeForm = "dddd-dd-ddTdd:dd:dd.dddZ";

bool IsType(std::string_view type) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !type.empty() && type.size() <= kMaxTypeBytes && type[0] >= 'a' && type[0] <= 'z' &&
         std::all_of(type.begin(), type.end(), allowed);
}

void Check(const Event& event) {
  if (!IsType(event.type)) {
    throw CanonicalJsonError("an event's type must be lower-case letters, digits and underscores");
  }
  if (event.version < 1 || event.version > kMaxVersion) {
    throw CanonicalJsonError("an event's version must be 1 to 1000000");
  }
  if (!ParseEventTime(event.recorded_at)) {
    throw CanonicalJsonError("an event's recorded_at must be UTC as 2026-11-22T10:00:00.123Z");
  }
  if (event.actor.empty() || event.actor.size() > kMaxActorBytes) {
    throw CanonicalJsonError("an event's actor must be text of 1 to 200 bytes");
  }
  if (!event.body.is_object()) throw CanonicalJsonError("an event's body must be an object");
}

/// Values of `value`, itself too, as the parser counts them. Its depth is within kMaxJsonDepth.
std::size_t CountValues(const json& value) {
  std::size_t count = 1;
  if (value.is_structured()) {
    for (const json& part : value) count += CountValues(part);
  }
  return count;
}

void CheckSize(const json& value, const std::string& line) {
  if (line.size() > kMaxJsonBytes) {
    throw JsonTooLarge("the event would take " + std::to_string(line.size()) +
                       " bytes, more than the " + std::to_string(kMaxJsonBytes) +
                       " that one event may have; send less at once");
  }
  // Each value but the last costs two bytes at least.
  if (line.size() / 2 + 1 > kMaxJsonValues && CountValues(value) > kMaxJsonValues) {
    throw JsonTooLarge("the event would hold more than " + std::to_string(kMaxJsonValues) +
                       " values; send less at once");
  }
}

std::string Text(const json& value, const char* key) {
  const auto member = value.find(key);
  if (member == value.end() || !member->is_string()) {
    throw CanonicalJsonError(std::string("the event's ") + key + " is missing or not text");
  }
  return member->get<std::string>();
}

int Digits(std::string_view text, std::size_t from, std::size_t count) {
  int value = 0;
  std::from_chars(text.data() + from, text.data() + from + count, value);
  return value;
}

bool HasTimeForm(std::string_view text) {
  return std::equal(
      text.begin(), text.end(), kTimeForm.begin(), kTimeForm.end(),
      [](char c, char form) { return form == 'd' ? c >= '0' && c <= '9' : c == form; });
}

}  // namespace

std::string FormatEventTime(EventTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  std::array<char, 64> text;
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::optional<EventTime> ParseEventTime(std::string_view text) {
  using namespace std::chrono;
  if (!HasTimeForm(text)) return std::nullopt;
  const year_month_day date(year(Digits(text, 0, 4)),
                            month(static_cast<unsigned>(Digits(text, 5, 2))),
                            day(static_cast<unsigned>(Digits(text, 8, 2))));
  const int hour = Digits(text, 11, 2);
  const int minute = Digits(text, 14, 2);
  const int second = Digits(text, 17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return sys_days(date) + hours(hour) + minutes(minute) + seconds(second) +
         milliseconds(Digits(text, 20, 3));
}

std::string EventLine(const Event& event) {
  Check(event);
  const json value = {{"type", event.type},
                      {"version", event.version},
                      {"recorded_at", event.recorded_at},
                      {"actor", event.actor},
                      {"body", event.body}};
  std::string line = Canonicalise(value);
  CheckSize(value, line);
  return line;
}

Event ParseEvent(std::string_view line) {
  json value = ParseStrict(line);
  if (!value.is_object() || value.size() != 5 || !value.contains("body")) {
    throw CanonicalJsonError("an event must have type, version, recorded_at, actor and body only");
  }
  const auto version = value.find("version");
  if (version == value.end() || !version->is_number_integer() || *version < 1 ||
      *version > kMaxVersion) {
    throw CanonicalJsonError("the event's version is missing or not a small whole number");
  }
  Event event{Text(value, "type"), version->get<int>(), Text(value, "recorded_at"),
              Text(value, "actor"), std::move(value["body"])};
  if (EventLine(event) != line) throw CanonicalJsonError("the event's bytes are not canonical");
  return event;
}

}  // namespace sop::journal
