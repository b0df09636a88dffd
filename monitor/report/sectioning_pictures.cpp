#include "monitor/report/sectioning_pictures.h"

#include <fmt/format.h>

#include "monitor/report/svg_chart.h"

namespace monitor::report {
namespace {

Picture Profile(const qc_metrics::Sectioning& found, double z_step_um) {
  Trace data{Trace::Style::kPoints, "data", {}, {}};
  Trace fit{Trace::Style::kLine, "fit", {}, {}};
  Trace residual{Trace::Style::kStems, "residual", {}, {}};
  constexpr int kSteps = 4;  // points of the curve a sample
  for (std::size_t i = 0; i < found.profile.size(); ++i) {
    const auto z = static_cast<double>(i);
    data.x.push_back(z * z_step_um);
    data.y.push_back(found.profile[i]);
    residual.x.push_back(z * z_step_um);
    residual.y.push_back(found.profile[i] - qc_metrics::ValueAt(found.region_fit, z));
    for (int k = 0; k < kSteps && i + 1 < found.profile.size(); ++k) {
      const double between = z + static_cast<double>(k) / kSteps;
      fit.x.push_back(between * z_step_um);
      fit.y.push_back(qc_metrics::ValueAt(found.region_fit, between));
    }
  }
  Panel top{.title = "axial response: mean of the region at each z", .y_label = "intensity / ADU"};
  top.traces = {data, fit};
  Panel bottom{.title = "data less fit",
               .x_label = "z / µm",
               .y_label = "ADU",
               .traces = {residual},
               .height_share = 0.5,
               .zero_line = true};
  const std::string caption =
      fmt::format("axial response of the region (points) with its Gaussian (line), FWHM {:.3f} µm",
                  found.region_fwhm_um.value);
  return {"axial_profile", "image/svg+xml", DrawPanels({{top, bottom}}, 900, 420, caption),
          caption};
}

Picture Tiles(const qc_metrics::Sectioning& found) {
  Trace centres{Trace::Style::kPoints, "data", {}, {}};
  Trace widths{Trace::Style::kPoints, "data", {}, {}};
  for (const qc_metrics::AxialTile& tile : found.tiles) {
    centres.x.push_back(tile.x_px);
    centres.y.push_back(tile.centre_um);
    widths.x.push_back(tile.x_px);
    widths.y.push_back(tile.fwhm_um);
  }
  Panel left{.title = "where each tile's plane lies", .x_label = "x / px", .y_label = "z / µm"};
  left.traces = {centres};
  Panel right{.title = "width of each tile", .x_label = "x / px", .y_label = "FWHM / µm"};
  right.traces = {widths};
  const std::string caption = "tiles of the field: a slope on the left is the tilt of the plane";
  return {"axial_tiles", "image/svg+xml", DrawPanels({{left}, {right}}, 900, 260, caption),
          caption};
}

}  // namespace

std::vector<Picture> SectioningPictures(const qc_metrics::Sectioning& found, double z_step_um) {
  std::vector<Picture> pictures = {Profile(found, z_step_um)};
  if (found.tiles.size() > 1) pictures.push_back(Tiles(found));
  return pictures;
}

}  // namespace monitor::report
