#pragma once

#include <toml++/toml.h>
#include <cstdint>
#include <initializer_list>
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
/// A key outside the known ones is refused first of all, naming the line and the nearest known one:
/// a mistyped key is not reported as a missing one. Every member then asks for one key with its
/// type and range.
class StrictTable {
 public:
  /// `name` is how people call the table: "[agent]", "[[watch]]".
  /// Errors  ConfigError for a key that is none of `known`.
  StrictTable(const toml::table& table, std::string name, std::string file,
              std::initializer_list<std::string_view> known);

  [[nodiscard]] std::string RequiredText(std::string_view key);
  [[nodiscard]] std::optional<std::string> Text(std::string_view key);
  [[nodiscard]] std::string Choice(std::string_view key, std::string_view fallback,
                                   std::span<const std::string_view> choices);
  [[nodiscard]] double Number(std::string_view key, double fallback, double lowest, double highest);
  [[nodiscard]] std::optional<toml::date> Date(std::string_view key);
  /// A table of plain values, each as the text that `--set` takes.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> Pairs(std::string_view key);
  /// A list of texts; empty when the key is absent.
  [[nodiscard]] std::vector<std::string> Texts(std::string_view key);
  /// The sub-tables of `[[key]]`, or the one of `[key]` (then at most one).
  [[nodiscard]] std::vector<const toml::table*> Tables(std::string_view key);
  [[nodiscard]] const toml::table* Table(std::string_view key);

  [[noreturn]] void Refuse(const toml::node& at, std::string_view problem) const;
  [[noreturn]] void RefuseKey(std::string_view key, std::string_view problem) const;
  /// A pair of the table `key`, on the pair's own line.
  [[noreturn]] void RefusePair(std::string_view key, std::string_view pair,
                               std::string_view problem) const;

 private:
  void RefuseUnknownKeys(std::span<const std::string_view> known) const;

  const toml::table& table_;
  std::string name_;
  std::string file_;
};

}  // namespace monitor::agent
