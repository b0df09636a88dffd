#include "sop/iso_time.h"

namespace sop {
namespace {

/// Takes digits from the front of a text; remembers when something else stood there.
class Digits {
 public:
  explicit Digits(std::string_view text) : text_(text) {}

  int Take(std::size_t count) {
    if (text_.size() < count) return Fail();
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return Fail();
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return value;
  }

  bool Skip(std::string_view any_of) {
    if (text_.empty() || any_of.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }

  void Expect(std::string_view any_of) {
    if (!Skip(any_of)) Fail();
  }

  /// The digits after a decimal point, as ms.
  std::chrono::milliseconds Fraction() {
    int value = 0;
    int taken = 0;
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
      if (taken < 3) value = value * 10 + (text_.front() - '0');
      ++taken;
      text_.remove_prefix(1);
    }
    if (taken == 0) Fail();
    for (; taken < 3; ++taken) value *= 10;
    return std::chrono::milliseconds{value};
  }

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] char front() const { return text_.empty() ? '\0' : text_.front(); }

 private:
  int Fail() {
    good_ = false;
    return 0;
  }
  std::string_view text_;
  bool good_ = true;
};

std::chrono::sys_days TakeDay(Digits& digits, bool& valid) {
  const int year = digits.Take(4);
  digits.Expect("-");
  const int month = digits.Take(2);
  digits.Expect("-");
  const int day = digits.Take(2);
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  valid = digits.good() && date.ok();
  return valid ? std::chrono::sys_days{date} : std::chrono::sys_days{};
}

std::chrono::minutes TakeOffset(Digits& digits) {
  if (digits.empty() || digits.Skip("Zz")) return std::chrono::minutes{0};
  const bool minus = digits.front() == '-';
  digits.Expect("+-");
  const int hours = digits.Take(2);
  digits.Skip(":");
  const int minutes = digits.Take(2);
  const std::chrono::minutes offset{hours * 60 + minutes};
  return minus ? -offset : offset;
}

}  // namespace

std::optional<std::chrono::sys_time<std::chrono::milliseconds>> ParseTime(std::string_view text) {
  Digits digits(text);
  bool valid = false;
  const std::chrono::sys_days day = TakeDay(digits, valid);
  if (!valid) return std::nullopt;
  if (digits.empty()) return std::chrono::sys_time<std::chrono::milliseconds>{day};
  digits.Expect("Tt ");
  const int hours = digits.Take(2);
  digits.Expect(":");
  const int minutes = digits.Take(2);
  int seconds = 0;
  std::chrono::milliseconds fraction{0};
  if (digits.Skip(":")) {
    seconds = digits.Take(2);
    if (digits.Skip(".,")) fraction = digits.Fraction();
  }
  const std::chrono::minutes offset = TakeOffset(digits);
  if (!digits.good() || !digits.empty() || hours > 23 || minutes > 59 || seconds > 60) {
    return std::nullopt;
  }
  return day + std::chrono::hours{hours} + std::chrono::minutes{minutes} +
         std::chrono::seconds{seconds} + fraction - offset;
}

std::optional<std::chrono::sys_days> ParseDay(std::string_view text) {
  Digits digits(text);
  bool valid = false;
  const std::chrono::sys_days day = TakeDay(digits, valid);
  if (!valid || !digits.empty()) return std::nullopt;
  return day;
}

}  // namespace sop
