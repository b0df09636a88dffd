#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "qc_metrics/psf.h"

namespace qc_metrics {

/// What a bead of a made-up field reads.
struct Reading {
  double x_um = 0.212, y_um = 0.235, z_um = 0.706;
  double asymmetry = 0.90;
  double relative_u = 0.003;
};

/// A kept bead at a place, read alike by all definitions; the Gaussian fit reads 1 % and the lines
/// 2 % wider, so that a mix-up of definitions shows.
inline PsfBead BeadAt(double x_px, double y_px, double z_px, const Reading& r = {}) {
  PsfBead bead;
  bead.position_px = {x_px, y_px, z_px};
  const auto estimate = [&](double value) { return Estimate{value, r.relative_u * value}; };
  const auto fill = [&](auto& shape, double wider) {
    shape.fwhm_um = {estimate(wider * r.x_um), estimate(wider * r.y_um), estimate(wider * r.z_um)};
    shape.lateral_um = estimate(wider * std::sqrt(r.x_um * r.y_um));
    shape.minor_um = estimate(wider * std::min(r.x_um, r.y_um));
    shape.major_um = estimate(wider * std::max(r.x_um, r.y_um));
    shape.asymmetry = estimate(r.asymmetry);
  };
  bead.gaussian.emplace();
  fill(*bead.gaussian, 1.01);
  bead.gaussian->centre_px = {Estimate{x_px, 0.01}, Estimate{y_px, 0.01}, Estimate{z_px, 0.01}};
  bead.halfmax.emplace();
  fill(*bead.halfmax, 1.0);
  bead.lines.emplace();
  for (std::size_t i = 0; i < 3; ++i) {
    (*bead.lines)[i].fwhm_um = estimate(1.02 * std::array<double, 3>{r.x_um, r.y_um, r.z_um}[i]);
  }
  bead.snr = 100.0;
  return bead;
}

inline PsfBead RejectedAt(double x_px, double y_px, RejectReason reason) {
  PsfBead bead;
  bead.position_px = {x_px, y_px, 20.0};
  bead.rejected = reason;
  return bead;
}

inline PsfField EmptyField(int columns = 512, int rows = 512) {
  PsfField field;
  field.columns = columns;
  field.rows = rows;
  field.planes = 64;
  return field;
}

/// Places of an n x n grid over a field, the outer ones half a step from the border.
inline std::array<double, 2> GridPlace(const PsfField& field, int side, int index) {
  return {field.columns * (index % side + 0.5) / side - 0.5,
          field.rows * (index / side + 0.5) / side - 0.5};
}

inline const PsfSettings kFieldSettings{0.065, 0.065, 0.2};

/// The first entry of an id, with a comparator or zone where one is asked for.
inline const Quantity* FindQuantityOf(const std::vector<Quantity>& list, const std::string& id,
                                      const std::string& definition = {},
                                      const std::string& of = {}) {
  for (const Quantity& q : list) {
    if (q.id != id || (!definition.empty() && q.definition != definition)) continue;
    bool matches = of.empty();
    for (const auto& [key, value] : q.of) {
      const auto* text = std::get_if<std::string>(&value);
      matches = matches || (text != nullptr && *text == of);
    }
    if (matches) return &q;
  }
  return nullptr;
}

inline const Finding* FindFinding(const Report& report, const std::string& code) {
  for (const Finding& f : report.findings) {
    if (f.code == code) return &f;
  }
  return nullptr;
}

}  // namespace qc_metrics
