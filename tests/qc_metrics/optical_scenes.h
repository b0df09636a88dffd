#pragma once

#include <memory>

#include "monitor/simulation/optical_shape.h"
#include "tests/qc_metrics/bead_scenes.h"

namespace qc_metrics {

/// Beads of one optical shape whose widths differ from bead to bead.
struct OpticalScene {
  monitor::simulation::BeadScene scene;
  std::vector<std::array<double, 3>> fwhm_um;  ///< truth, in the order of scene.beads
  std::array<double, 3> skew{};                ///< truth, of all
};

/// The light of one bead; made once, since its table takes a while.
inline std::shared_ptr<const monitor::simulation::OpticalShape> LightOf(
    const monitor::simulation::Optics& optics, double bead_um = 0.1) {
  return std::make_shared<const monitor::simulation::OpticalShape>(optics, bead_um);
}

/// `count` beads of `peak_e` in 60 slices of `side` pixels, widths spread by `spread`.
inline OpticalScene OpticalField(
    const std::shared_ptr<const monitor::simulation::OpticalShape>& shape, int count, double peak_e,
    std::uint64_t seed, int side = 200, double spread = 0.03) {
  OpticalScene out{{side, side, 60, kVoxelUm}, {}, {}};
  out.scene.seed = seed;
  monitor::simulation::Random random(seed + 1000);
  const auto& truth = shape->Truth();
  for (const auto& centre : ScatterCentres(out.scene, count, 26.0, 16.0, 20.0, random)) {
    monitor::simulation::SimulatedBead bead{centre, {}, peak_e, shape};
    bead.lateral_scale = 1.0 + spread * random.Normal();
    bead.axial_scale = 1.0 + spread * random.Normal();
    out.scene.beads.push_back(bead);
    out.fwhm_um.push_back({truth.fwhm_um[0] * bead.lateral_scale,
                           truth.fwhm_um[1] * bead.lateral_scale,
                           truth.fwhm_um[2] * bead.axial_scale});
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& side_um = truth.side_um[i];
    out.skew[i] = (side_um[1] - side_um[0]) / (side_um[1] + side_um[0]);
  }
  return out;
}

/// Errors of the half-maximum widths over the kept beads.
struct HalfmaxErrors {
  std::array<ErrorSums, 3> fwhm;
  int kept = 0;
};

inline HalfmaxErrors HalfmaxErrorsOf(const OpticalScene& optical, const PsfField& field) {
  HalfmaxErrors errors;
  for (const PsfBead& bead : field.beads) {
    if (bead.rejected || !bead.halfmax) continue;
    for (std::size_t i = 0; i < optical.scene.beads.size(); ++i) {
      const auto& centre = optical.scene.beads[i].centre_px;
      if (std::hypot(centre[0] - bead.position_px[0], centre[1] - bead.position_px[1]) > 2.0) {
        continue;
      }
      ++errors.kept;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        errors.fwhm[axis].Add(bead.halfmax->fwhm_um[axis], optical.fwhm_um[i][axis]);
      }
    }
  }
  return errors;
}

}  // namespace qc_metrics
