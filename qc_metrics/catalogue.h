#pragma once

#include <span>
#include <string_view>

namespace qc_metrics {

/// Which way is better; decides how a one-sided limit is read and how a chart is described.
enum class Direction { kLowerIsBetter, kHigherIsBetter, kNeither };

/// What a result is about; it counts for every configuration that contains its subject.
enum class Subject { kConfiguration, kObjectiveOnStand, kLaserLineAtLocation, kDetector, kStage };

/// One built-in quantity. A facility's own quantities are journal data and have the same fields.
struct CatalogueEntry {
  std::string_view id;                  ///< "psf.fwhm.z"
  std::string_view name;                ///< what people read: "FWHM z"
  std::string_view unit;                ///< UCUM unit of the JSON value
  std::string_view default_definition;  ///< the first entry of this id in a measurement
  Direction direction;
  Subject subject;
  std::string_view prometheus_family;  ///< "etalon_psf_fwhm_meters"; empty: not exported
  std::string_view prometheus_label;   ///< "axis=\"z\""; empty: none
  double prometheus_scale;             ///< multiply the JSON value to reach the base unit
};

/// All built-in quantities, in the order in which pages and reports list them.
[[nodiscard]] std::span<const CatalogueEntry> Catalogue();

/// The row of `id`, or nullptr.
[[nodiscard]] const CatalogueEntry* FindQuantity(std::string_view id);

}  // namespace qc_metrics
