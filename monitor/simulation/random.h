#pragma once

#include <array>
#include <cstdint>

namespace monitor::simulation {

/// Seeded generator with its own distributions, so that one seed gives the same image everywhere.
///
/// The standard library fixes its engines but not its distributions: two compilers would draw two
/// different images from one seed.
/// Source    xoshiro256++ of Blackman and Vigna; Poisson by PTRS of Hormann (1993); normal by the
///           polar method of Marsaglia.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  /// 64 uniform bits.
  std::uint64_t Bits();
  /// Uniform in [0, 1).
  double Uniform();
  /// Uniform in [low, high).
  double Uniform(double low, double high);
  /// Standard normal.
  double Normal();
  /// Poisson count of the given mean; 0 for a mean <= 0.
  double Poisson(double mean);

 private:
  double SmallPoisson(double mean);
  double LargePoisson(double mean);

  std::array<std::uint64_t, 4> state_{};
  double spare_normal_ = 0.0;
  bool has_spare_ = false;
};

}  // namespace monitor::simulation
