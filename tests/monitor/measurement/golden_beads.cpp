#include <algorithm>
#include <stdexcept>
#include <variant>

#include "qc_metrics/psf.h"
#include "tests/monitor/measurement/golden_rows.h"

namespace monitor::measurement {
namespace {

std::vector<qc_metrics::PsfBead> KeptBeads(const std::string& name,
                                           const qc_metrics::PsfSettings& settings) {
  const acquisition::Image image = ReadGolden(name);
  const auto measured = qc_metrics::MeasurePsf(acquisition::ChannelStack(image, 0, 0), settings);
  std::vector<qc_metrics::PsfBead> kept;
  for (const auto& bead : std::get<qc_metrics::PsfField>(measured).beads) {
    if (!bead.rejected) kept.push_back(bead);
  }
  return kept;
}

}  // namespace

Metrics GoldenBead() {
  const std::string name = "beads/metroloj_PSF.tif";
  qc_metrics::PsfSettings settings{0.1024, 0.1024, 0.2};
  settings.scope = qc_metrics::PsfScope::kBead;
  const auto kept = KeptBeads(name, settings);
  if (kept.size() != 1) throw std::runtime_error("one bead was expected");
  const qc_metrics::PsfBead bead = kept.front();
  Metrics rows;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::string letter(1, "xyz"[axis]);
    const qc_metrics::LineBead line = bead.lines.value()[axis];
    rows["fwhm_" + letter] = [=] { return Found{{line.fwhm_um.value}}; };
    rows["fwhm_" + letter + "_fine"] = rows["fwhm_" + letter];
    rows["r2_" + letter] = [=] { return Found{{line.r2}}; };
    rows["fit_c_centre_" + letter] = [=] { return Found{{line.centre_um}}; };
    rows["fit_d_sigma_" + letter] = [=] { return Found{{line.sigma_um}}; };
    // The published simplex stopped a little off the minimum, where the sum of squares is flat:
    // levels of 62,000 counts are alike to .04 of one.
    rows["fit_a_offset_" + letter] = [=] { return Found{{line.offset_adu}, 0.05}; };
    rows["fit_b_peak_" + letter] = [=] { return Found{{line.peak_adu}, 0.05}; };
    rows["fit_ssr_" + letter] = [=] { return Found{{line.ssr}, 1e-8 * line.ssr}; };
  }
  rows["peak_voxel_zyx_value"] = [=] {
    const auto& [x, y, z] = bead.brightest_voxel;
    const acquisition::Image image = ReadGolden(name);
    const double value = image.planes.at(static_cast<std::size_t>(z)).at<std::uint16_t>(y, x);
    return Found{{1.0 * z, 1.0 * y, 1.0 * x, value}};
  };
  return rows;
}

Metrics GoldenFourBeads() {
  qc_metrics::PsfSettings settings{0.0225, 0.0225, 0.125};
  settings.scope = qc_metrics::PsfScope::kBead;
  auto kept = KeptBeads("beads/mpicbg_four_beads.tif", settings);
  std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
    return a.position_px[0] < b.position_px[0];  // the order of the notebook
  });
  Metrics rows;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto place = kept[i].position_px;
    rows["centroid_bead" + std::to_string(i + 1) + "_xyz"] = [=] {
      // Centres of mass of what a threshold left in the notebook, fitted centres here.
      return Found{{place[0], place[1], place[2]}, 0.2};
    };
  }
  for (std::size_t axis = 0; axis < 3; ++axis) {
    double low = 1e9;
    double high = 0.0;
    for (const auto& bead : kept) {
      low = std::min(low, bead.lines.value()[axis].fwhm_um.value);
      high = std::max(high, bead.lines.value()[axis].fwhm_um.value);
    }
    // Another implementation, whose lines were cut elsewhere: 1.5 %.
    rows[std::string("fwhm_") + "xyz"[axis] + "_range"] = [=] {
      return Found{{low, high}, 0.015 * high};
    };
  }
  return rows;
}

}  // namespace monitor::measurement
