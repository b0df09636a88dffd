#include <algorithm>
#include <cmath>
#include <string>

#include "qc_metrics/geometry.h"

namespace qc_metrics {
namespace {

constexpr const char* kGrid = "etalon.grid/2";
constexpr const char* kRadial = "etalon.grid_radial/2";
constexpr double kShareOfStrays = 0.2;
constexpr double kCoverage = 0.5;

void Add(const char* id, const char* definition, const char* unit, const std::optional<Estimate>& e,
         const Geometry& geometry, Report& report) {
  if (!e || !std::isfinite(e->value)) return;
  Quantity q;
  q.id = id;
  q.definition = definition;
  q.value = e->value;
  q.unit = unit;
  q.n = geometry.kept;
  if (e->u > 0.0 && std::isfinite(e->u)) {
    q.u = e->u;
    q.u_method = "residual_scatter";
  }
  report.quantities.push_back(std::move(q));
}

void AddObjects(const Geometry& g, Report& report) {
  // Without the other pixel size, places are told in that of the measured one.
  const double x_um = g.pixel_size_x_um ? g.pixel_size_x_um->value : g.pixel_size_y_um->value;
  const double y_um = g.pixel_size_y_um ? g.pixel_size_y_um->value : x_um;
  for (const GridPoint& p : g.points) {
    Object object;
    object.kind = "grid_point";
    object.state = p.kept ? ObjectState::kKept : ObjectState::kRejected;
    object.reason = p.kept ? "" : "outlier";
    object.position_um = {p.place_px[0] * x_um, p.place_px[1] * y_um, 0.0};
    report.objects.push_back(std::move(object));
  }
}

/// Share of the image that the kept points enclose with their axis-parallel frame.
double CoverageOf(const Geometry& g) {
  double left = g.columns, right = 0.0, top = g.rows, bottom = 0.0;
  for (const GridPoint& p : g.points) {
    if (!p.kept) continue;
    left = std::min(left, p.place_px[0]);
    right = std::max(right, p.place_px[0]);
    top = std::min(top, p.place_px[1]);
    bottom = std::max(bottom, p.place_px[1]);
  }
  return std::max(0.0, right - left) * std::max(0.0, bottom - top) / g.columns / g.rows;
}

void AddFindings(const Geometry& g, Report& report) {
  const auto say = [&report](const char* code, Severity severity, std::string text) {
    report.findings.push_back({code, severity, std::move(text), std::nullopt});
  };
  if (g.saturated_pixels > 0) {
    say("saturated", Severity::kWarning,
        std::to_string(g.saturated_pixels) +
            " pixels are saturated; lower the light or the exposure.");
  }
  if (g.kind != GridKind::kGrid) {
    const bool x = g.kind == GridKind::kLinesX;
    say("not_representative", Severity::kInfo,
        std::string("Parallel lines give the pixel size along ") + (x ? "x" : "y") +
            " only; turn the micrometer by 90 degrees for the other axis, or image a grid.");
  }
  const auto strays = static_cast<double>(g.points.size()) - g.kept;
  if (strays > kShareOfStrays * static_cast<double>(g.points.size())) {
    say("not_representative", Severity::kWarning,
        std::to_string(static_cast<int>(strays)) + " of " + std::to_string(g.points.size()) +
            " features do not belong to the grid; check focus, dirt and the kind of artefact.");
  }
  if (CoverageOf(g) < kCoverage) {
    say("not_representative", Severity::kWarning,
        "The grid covers less than half of the image; pixel size and distortion hold for that "
        "part only.");
  }
  if (g.kind == GridKind::kGrid && !g.distortion) {
    say("too_few", Severity::kInfo,
        "The distortion needs 40 points in 5 rows and 5 columns; use a finer grid.");
  }
}

}  // namespace

Report GeometryReport(const Geometry& geometry) {
  Report report;
  Add("geometry.pixel_size.x", kGrid, "um", geometry.pixel_size_x_um, geometry, report);
  Add("geometry.pixel_size.y", kGrid, "um", geometry.pixel_size_y_um, geometry, report);
  Add("geometry.rotation", kGrid, "deg", geometry.rotation_deg, geometry, report);
  Add("geometry.shear", kGrid, "deg", geometry.shear_deg, geometry, report);
  Add("geometry.distortion", kGrid, "1", geometry.distortion, geometry, report);
  Add("geometry.distortion", kRadial, "1", geometry.radial, geometry, report);
  Add("geometry.straightness", kGrid, "um", geometry.straightness_um, geometry, report);
  AddObjects(geometry, report);
  AddFindings(geometry, report);
  return report;
}

}  // namespace qc_metrics
