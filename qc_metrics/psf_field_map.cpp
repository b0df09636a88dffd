#include "qc_metrics/psf_field_map.h"

#include <array>
#include <cmath>
#include <numbers>
#include <optional>

#include "qc_metrics/psf_values.h"

namespace qc_metrics {
namespace {

constexpr const char* kPlane = "etalon.field_plane/1";

FieldPoint PlaceOf(const PsfField& field, const PsfBead& bead) {
  const auto along = [](double at, int size) { return (at - 0.5 * (size - 1)) / size; };
  return {along(bead.position_px[0], field.columns), along(bead.position_px[1], field.rows), 0.0};
}

/// z of the brightest place, in slices.
double FocusOf(const PsfBead& bead) {
  const bool has_maximum = bead.halfmax && bead.halfmax->source == HalfmaxSource::kPooledShape;
  return has_maximum ? bead.halfmax->maximum_px[2] : bead.position_px[2];
}

std::optional<FieldMap> Fitted(std::string name, std::string_view unit, std::string definition,
                               std::vector<FieldPoint> points) {
  const auto fit = FitField(points);
  if (!fit) return std::nullopt;
  return FieldMap{std::move(name), unit, std::move(definition), std::move(points), *fit};
}

std::optional<FieldMap> WidthMap(const PsfField& field, const char* name, PsfWidth width) {
  for (const PsfDefinition definition : kPsfDefinitions) {
    const auto values = KeptValues(field, definition, width);
    if (values.empty()) continue;
    std::vector<FieldPoint> points;
    for (const BeadValue& one : values) {
      points.push_back(PlaceOf(field, field.beads[one.bead]));
      points.back().value = one.value.value;
    }
    return Fitted(name, width == PsfWidth::kAsymmetry ? "1" : "um", std::string(Name(definition)),
                  std::move(points));
  }
  return std::nullopt;
}

std::optional<FieldMap> FocusMap(const PsfField& field, const PsfSettings& settings) {
  std::vector<FieldPoint> points;
  for (const PsfBead& bead : field.beads) {
    if (bead.rejected) continue;
    points.push_back(PlaceOf(field, bead));
    points.back().value = FocusOf(bead) * settings.z_step_um;
  }
  return Fitted("focus", "um", kPlane, std::move(points));
}

/// Adds quantities of one fit.
class Adder {
 public:
  Adder(const FieldFit& fit, int channel, Report& report)
      : fit_(fit), channel_(channel), report_(report) {}

  void Add(std::string id, const char* unit, double value, double u) {
    Quantity q;
    q.id = std::move(id);
    q.definition = kPlane;
    q.unit = unit;
    q.value = value;
    q.n = fit_.points;
    q.channel = channel_;
    if (u > 0.0) {
      q.u = u;
      q.u_method = "fit_residuals";
    }
    report_.quantities.push_back(std::move(q));
  }

  /// The three changes over the field, each divided by `level`.
  void AddTerms(const std::string& prefix, const char* unit, double level) {
    constexpr std::array<const char*, 4> kNames = {"", ".tilt.x", ".tilt.y", ".bowl"};
    for (std::size_t i = 1; i < static_cast<std::size_t>(fit_.fitted_terms); ++i) {
      Add(prefix + kNames[i], unit, fit_.terms[i] / level, fit_.u[i] / level);
    }
  }

 private:
  const FieldFit& fit_;
  int channel_;
  Report& report_;
};

/// Angle of a plane that rises by sx and sy per um, with the uncertainty of its steepness.
Estimate AngleOf(double sx, double sy, double ux, double uy, double covariance) {
  constexpr double kDegrees = 180.0 / std::numbers::pi;
  const double steepness = std::hypot(sx, sy);
  const double along =
      steepness > 0.0
          ? std::sqrt(sx * sx * ux * ux + sy * sy * uy * uy + 2.0 * sx * sy * covariance) /
                steepness
          : std::hypot(ux, uy);
  return {std::atan(steepness) * kDegrees, along / (1.0 + steepness * steepness) * kDegrees};
}

}  // namespace

std::vector<FieldMap> FieldMaps(const PsfField& field, const PsfSettings& settings) {
  std::vector<FieldMap> out;
  for (auto map :
       {WidthMap(field, "lateral", PsfWidth::kLateral), WidthMap(field, "axial", PsfWidth::kZ),
        WidthMap(field, "asymmetry", PsfWidth::kAsymmetry), FocusMap(field, settings)}) {
    if (map) out.push_back(std::move(*map));
  }
  return out;
}

void AddFieldMaps(const PsfField& field, const PsfSettings& settings, int channel, Report& report) {
  if (settings.scope != PsfScope::kField) {
    return;
  }
  for (const FieldMap& map : FieldMaps(field, settings)) {
    Adder adder(map.fit, channel, report);
    if (map.name != "focus") {
      adder.AddTerms("psf.field." + map.name, "1", map.fit.terms[0]);
      continue;
    }
    adder.AddTerms("psf.planarity", "um", 1.0);
    const double width = field.columns * settings.pixel_size_x_um;
    const double height = field.rows * settings.pixel_size_y_um;
    const auto& t = map.fit.terms;
    const auto& u = map.fit.u;
    const Estimate angle = AngleOf(t[1] / width, t[2] / height, u[1] / width, u[2] / height,
                                   map.fit.covariance_xy / (width * height));
    adder.Add("psf.planarity.angle", "deg", angle.value, angle.u);
  }
}

}  // namespace qc_metrics
