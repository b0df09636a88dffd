#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "qc_metrics/measured.h"
#include "qc_metrics/psf_theory.h"
#include "qc_metrics/result.h"
#include "qc_metrics/stack.h"

namespace qc_metrics {

/// Fast axis of a point scanner: its dwell blurs along this axis only.
enum class ScanAxis { kX, kY };

/// What a result speaks for: the whole field of view, or single beads.
enum class PsfScope { kField, kBead };

/// Acquisition facts of one channel. A member without a default has no safe guess.
struct PsfSettings {
  double pixel_size_x_um;  ///< > 0
  double pixel_size_y_um;  ///< > 0
  double z_step_um;        ///< > 0
  Optics optics{};
  std::optional<double> camera_offset_adu{};
  std::optional<double> gain_e_per_adu{};
  std::optional<double> read_noise_e{};
  std::optional<double> saturation_adu{};  ///< absent: the largest value of an 8- or 16-bit type
  std::optional<double> bead_diameter_um{};
  ScanAxis scan_axis = ScanAxis::kX;  ///< used for confocal and two-photon
  PsfScope scope = PsfScope::kField;
  double min_snr = 10.0;  ///< gate low_snr: fitted amplitude over background SD
  double min_r2 = 0.90;   ///< gate low_r2: structure explained, noise left out of both sums
};

/// Why a bead does not count; the list is part of the file format.
enum class RejectReason {
  kSaturated,
  kEdge,
  kZEdge,
  kTooClose,
  kDoublet,
  kLowSnr,
  kLowR2,
  kFitFailed,
  kHotPixel,
  kTooLarge
};

/// Stable snake_case identifier, for example "too_close".
[[nodiscard]] std::string_view Name(RejectReason reason);

/// A value with its standard uncertainty (k = 1), estimate part.
struct Estimate {
  double value = 0.0;
  double u = 0.0;
};

/// The fitted light of one bead, definition etalon.gauss3d/1; pixel area removed, bead size not.
struct GaussianBead {
  std::array<Estimate, 3> centre_px;     ///< x, y, z; the first voxel's centre is 0, 0, 0
  std::array<double, 6> covariance_px2;  ///< xx yy zz xy xz yz of the light, in voxel units
  std::array<double, 6> shape_px2;       ///< the same as the pixels see it (area included)
  double amplitude_adu = 0.0;            ///< of the blurred shape, above background
  double background_adu = 0.0;           ///< at the centre
  std::array<double, 3> background_slope_adu_per_px{};
  std::array<Estimate, 3> fwhm_um;  ///< x, y, z: profile width through the maximum
  Estimate minor_um, major_um;      ///< axes of the lateral covariance
  Estimate lateral_um;              ///< sqrt(minor major)
  Estimate asymmetry;               ///< minor / major; 1 is round
  Estimate tilt_deg;                ///< long axis from z, 0 .. 90
  double r2 = 0.0;                  ///< of the fit, noise included
  double structure_r2 = 0.0;        ///< noise left out of both sums
  double chi2_per_dof = 0.0;
  int voxels = 0;  ///< in the fit's window
  int steps = 0;   ///< scoring steps taken
};

/// One raw line through the brightest voxel, definition metroloj_qc.fwhm1d/1:
/// y = offset + (peak - offset) exp(-(x - centre)^2 / (2 sigma^2)).
struct LineBead {
  double offset_adu = 0.0;
  double peak_adu = 0.0;
  double centre_um = 0.0;  ///< voxel index times voxel size
  double sigma_um = 0.0;
  Estimate fwhm_um;
  double r2 = 0.0;
  double ssr = 0.0;  ///< sum of squared residuals, adu^2
  int first_voxel = 0, voxels = 0;
};

/// Where a half-maximum width comes from.
enum class HalfmaxSource {
  kGaussian,     ///< the light is Gaussian: the fit of etalon.gauss3d/1 is the best estimate
  kPooledShape,  ///< one shape shared by all beads
  kLineProfile   ///< neither held: mean of the lines through the brightest voxel, u = 3 %
};

/// Half-maximum widths of one bead through its maximum, definition etalon.halfmax/1; pixel area
/// removed, bead size not.
struct HalfmaxBead {
  HalfmaxSource source = HalfmaxSource::kGaussian;
  std::array<Estimate, 3> fwhm_um{};  ///< x, y, z
  Estimate minor_um, major_um;        ///< axes of the lateral section through the maximum
  Estimate lateral_um;                ///< sqrt(minor major)
  Estimate asymmetry;                 ///< minor / major; 1 is round
  /// x, y, z: (far - near) / (far + near) of the half widths on both sides of the maximum, far
  /// towards larger coordinates; 0 is symmetric. Absent where no shape was learned.
  std::optional<std::array<Estimate, 3>> skew{};
  std::array<double, 3> maximum_px{};  ///< of the light; meaningful for kPooledShape
  double chi2_per_dof = 0.0;
};

/// One candidate: kept, or rejected by the first gate that closed.
struct PsfBead {
  std::optional<RejectReason> rejected;
  std::array<double, 3> position_px{};   ///< fitted centre, else the brightest voxel
  std::optional<GaussianBead> gaussian;  ///< absent when the bead was rejected before its fit
  std::optional<HalfmaxBead> halfmax;    ///< kept beads
  std::optional<std::array<LineBead, 3>>
      lines;  ///< x, y, z; kept beads whose three lines converged
  std::array<int, 3> brightest_voxel{};
  double snr = 0.0;                          ///< fitted amplitude / background SD; 0 before a fit
  std::optional<double> sbr;                 ///< metroloj_qc.sbr/2
  std::optional<double> sbr_above_offset{};  ///< etalon.sbr/1; with a stated camera offset
};

/// Variance of one voxel in adu^2 as a straight line of its mean: at_zero + per_adu * mean.
struct NoiseLine {
  double at_zero = 0.0;
  double per_adu = 0.0;
  double floor = 0.0;     ///< the variance is never taken below this
  bool estimated = true;  ///< from the stack itself, not from camera keys
};

/// Whether the light is Gaussian at all: evidence for Hermite functions of degree 3 to 6, pooled
/// over beads, for each parity class (bit 0: odd in x, bit 1: odd in y, bit 2: odd in z).
struct ModelMismatch {
  bool mismatch = false;
  std::array<double, 8> evidence{};  ///< gain of ln evidence; above 7: a mismatch
  std::array<double, 8> sd{};        ///< of the coefficients of degree 3, fraction of the peak
};

/// Relative standard uncertainties that all beads share because the shape is uncertain.
struct SharedUncertainty {
  std::array<double, 3> fwhm{};
  std::array<double, 3> skew{};  ///< absolute
  double lateral = 0.0, asymmetry = 0.0;
};

/// What all beads of a channel have in common under etalon.halfmax/1.
struct PooledLight {
  bool is_shape = false;  ///< false: the light is Gaussian, or no shape could be learned
  int beads = 0;          ///< that the shape was learned from
  double chi2_per_dof = 0.0;
  SharedUncertainty shared;  ///< zero without a shape
};

/// One channel of a bead stack.
struct PsfField {
  std::vector<PsfBead> beads;   ///< brightest first
  int candidates_left_out = 0;  ///< beyond the limit of 5000 candidates
  int columns = 0, rows = 0, planes = 0;
  double background_adu = 0.0;  ///< median of the stack away from beads
  double background_sd_adu = 0.0;
  NoiseLine noise;
  std::optional<double> saturation_adu{};  ///< the level that was used
  bool saturation_inferred = false;        ///< not stated: a flat top was found in the data
  std::int64_t saturated_voxels = 0;
  ModelMismatch mismatch;
  PooledLight light;

  [[nodiscard]] int Kept() const;
};

/// Measures all beads of one channel.
///
/// Input     planes of one size and type (CV_8U, CV_16U, CV_32S, CV_32F), at least 8 x 8 x 5; raw
///           values in adu. Only read; each voxel is touched once, windows of beads again.
/// Method    maximum projection, smoothed local maxima above 12 robust SDs, then for each candidate
///           a pixel-integrated 3-D Gaussian with full covariance and sloping background by Fisher
///           scoring of the Poisson + read noise likelihood: windows of 1.8 (twice), then 4 sigma,
///           each frozen while fitting. FWHM = 2.3548 / sqrt(P_ii), P the inverse covariance of the
///           light: the width of the profile through the maximum, right for tilted beads. The
///           pixel's area is removed exactly in the second and fourth cumulant.
///           Without camera keys the variance is a line of the mean, measured on the stack.
/// Errors    kUnsupportedFormat, kTooSmall, kNotFinite, kNoSignal (no candidate), kSaturated (more
///           than 1 % of the voxels). Throws std::invalid_argument for voxel sizes that are not
///           finite and positive.
/// Accuracy  on Gaussian light bias < 0.15 % of each FWHM at 2000 e- peak, error within 1.15 of the
///           Cramer-Rao bound. Light that is not Gaussian raises `mismatch` (then widths read
///           wide).
/// Uncertainty  fit covariance by the delta method, times sqrt(max(1, chi2/dof)).
/// Threads   reentrant, keeps no state.
[[nodiscard]] Measured<PsfField> MeasurePsf(const Stack& stack, const PsfSettings& settings);

/// Where the beads are: found, gated and fitted as by MeasurePsf, whose Input, Errors and Threads
/// hold. Left out is what a place does not need (`halfmax`, `lines`, `sbr`, `mismatch`, `light`),
/// and with it the last gate, `low_r2` against the shared shape: a few more beads may be kept.
[[nodiscard]] Measured<PsfField> LocateBeads(const Stack& stack, const PsfSettings& settings);

/// Field values, objects and findings of one channel, default definition first.
/// `u` of a field value is the larger of what the fits and what the replicate beads say.
[[nodiscard]] Report PsfReport(const PsfField& field, const PsfSettings& settings, int channel);

/// Raw data and fitted model along one image axis through the voxel nearest to a bead's centre.
struct AxisProfile {
  std::vector<double> position_um;  ///< voxel index times voxel size
  std::vector<double> data_adu;
  std::vector<double> fitted_adu;  ///< etalon.gauss3d/1 at the voxels of the line
  std::vector<double> line_adu;    ///< metroloj_qc.fwhm1d/1; empty where it did not converge
};

/// Profiles along x, y, z within 4 sigma (at least 3 voxels) of the centre, for pictures.
/// The residual is data_adu - fitted_adu. `bead` must have a Gaussian fit.
[[nodiscard]] std::array<AxisProfile, 3> BeadProfiles(const Stack& stack,
                                                      const PsfSettings& settings,
                                                      const PsfBead& bead);

}  // namespace qc_metrics
