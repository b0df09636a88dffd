#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace tests::support {

/// One of the Statistical Reference Datasets of the National Institute of Standards and Technology
/// (public domain): data, certified values and, for nonlinear sets, two starts.
class NistSet {
 public:
  struct Parameter {
    double estimate = 0.0, sd = 0.0;
    std::array<double, 2> start{};  ///< nonlinear sets only
  };

  explicit NistSet(const std::filesystem::path& path) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines_.push_back(line);
    std::size_t data = 0;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].starts_with("Data:")) data = i;
      ReadParameter(lines_[i]);
    }
    for (std::size_t i = data + 1; i < lines_.size(); ++i) {
      const auto row = Numbers(lines_[i]);
      if (!row.empty()) rows_.push_back(row);
    }
  }

  [[nodiscard]] const std::vector<std::vector<double>>& rows() const { return rows_; }
  [[nodiscard]] const std::vector<Parameter>& parameters() const { return parameters_; }

  [[nodiscard]] std::vector<double> Column(std::size_t column) const {
    std::vector<double> out;
    for (const auto& row : rows_) out.push_back(row.at(column));
    return out;
  }

  /// The number behind the first line that begins with `label`, blanks aside.
  [[nodiscard]] double Certified(const std::string& label) const {
    for (const std::string& line : lines_) {
      const auto from = line.find_first_not_of(' ');
      if (from == std::string::npos || line.compare(from, label.size(), label) != 0) continue;
      // Univariate sets: "Sample Mean   ybar:  1.5 (exact)"; regressions: "R-Squared  0.99".
      const auto colon = line.find(':');
      std::istringstream rest(
          line.substr(colon == std::string::npos ? from + label.size() : colon + 1));
      double value = 0.0;
      if (rest >> value) return value;
    }
    throw std::runtime_error("no certified " + label);
  }

 private:
  /// All numbers of a line; nothing when there is anything else on it.
  static std::vector<double> Numbers(const std::string& line) {
    std::istringstream words(line);
    std::vector<double> out;
    for (std::string word; words >> word;) {
      std::size_t used = 0;
      try {
        out.push_back(std::stod(word, &used));
      } catch (const std::exception&) {
        return {};
      }
      if (used != word.size()) return {};
    }
    return out;
  }

  /// "B0  estimate  sd" or "b1 =  start  start  estimate  sd".
  void ReadParameter(const std::string& line) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name.size() < 2 || (name[0] != 'B' && name[0] != 'b') ||
        !std::all_of(name.begin() + 1, name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return;
    }
    std::string rest;
    std::getline(words, rest);
    const auto equals = rest.find('=');
    const auto numbers = Numbers(equals == std::string::npos ? rest : rest.substr(equals + 1));
    if (numbers.size() == 2) parameters_.push_back({numbers[0], numbers[1]});
    if (numbers.size() == 4) {
      parameters_.push_back({numbers[2], numbers[3], {numbers[0], numbers[1]}});
    }
  }

  std::vector<std::string> lines_;
  std::vector<std::vector<double>> rows_;
  std::vector<Parameter> parameters_;
};

/// Digits that a result shares with its certified value: the log relative error, at most 15; for a
/// certified 0 the digits of the absolute error.
inline double SharedDigits(double found, double certified) {
  const double error =
      certified == 0.0 ? std::abs(found) : std::abs(found - certified) / std::abs(certified);
  if (std::isnan(error)) return 0.0;
  return error > 0.0 ? std::clamp(-std::log10(error), 0.0, 15.0) : 15.0;
}

}  // namespace tests::support
