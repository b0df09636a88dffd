#pragma once

#include <toml++/toml.h>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace monitor::agent {

/// A configuration that cannot be used; one sentence with file, line and what to do.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads one TOML table by the rule that nothing in it may be ignored.
///
/// Every member asks for one key with its type and range and marks it as known; `Finish` then
/// refuses whatever is left, naming the line and the nearest known key.
class StrictTable {
 public:
  /// `name` is how people call the table: "[agent]", "[[watch]]".
  StrictTable(const toml::table& table, std::string name, std::string file);

  [[nodiscard]] std::string RequiredText(std::string_view key);
  [[nodiscard]] std::optional<std::string> Text(std::string_view key);
  [[nodiscard]] std::string Choice(std::string_view key, std::string_view fallback,
                                   std::span<const std::string_view> choices);
  [[nodiscard]] double Number(std::string_view key, double fallback, double lowest, double highest);
  [[nodiscard]] std::optional<toml::date> Date(std::string_view key);
  /// A table of plain values, each as the text that `--set` takes.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> Pairs(std::string_view key);
  /// The sub-tables of `[[key]]`, or the one of `[key]` (then at most one).
  [[nodiscard]] std::vector<const toml::table*> Tables(std::string_view key);
  [[nodiscard]] const toml::table* Table(std::string_view key);

  void Finish() const;
  [[noreturn]] void Refuse(const toml::node& at, std::string_view problem) const;
  [[noreturn]] void RefuseKey(std::string_view key, std::string_view problem) const;

 private:
  const toml::node* Take(std::string_view key);

  const toml::table& table_;
  std::string name_;
  std::string file_;
  std::vector<std::string_view> known_;
};

}  // namespace monitor::agent
