#include "qc_metrics/catalogue.h"

#include <algorithm>
#include <array>

namespace qc_metrics {
namespace {

constexpr double kMetersPerUm = 1e-6;
constexpr double kWattsPerMw = 1e-3;
constexpr double kPerSecondPerHour = 1.0 / 3600.0;
constexpr double kMetersPerSecondPerUmMin = 1e-6 / 60.0;
constexpr double kRadiansPerDegree = 3.14159265358979323846 / 180.0;

constexpr auto kLower = Direction::kLowerIsBetter;
constexpr auto kHigher = Direction::kHigherIsBetter;
constexpr auto kNeither = Direction::kNeither;
constexpr auto kConfiguration = Subject::kConfiguration;
constexpr auto kObjective = Subject::kObjectiveOnStand;
constexpr auto kLine = Subject::kLaserLineAtLocation;
constexpr auto kDetector = Subject::kDetector;
constexpr auto kStage = Subject::kStage;

constexpr std::string_view kHalfmax = "etalon.halfmax/1";
constexpr std::string_view kGauss = "etalon.gauss3d/1";
constexpr std::string_view kFieldPlane = "etalon.field_plane/1";
constexpr std::string_view kCount = "etalon.count/1";
constexpr std::string_view kSurface = "etalon.surface/2";
constexpr std::string_view kAffine = "etalon.affine/1";
constexpr std::string_view kEllipsoid = "etalon.ellipsoid/1";
constexpr std::string_view kSegment = "etalon.segment/1";
constexpr std::string_view kTrace = "etalon.trace/2";
constexpr std::string_view kPulses = "etalon.pulses/1";
constexpr std::string_view kIrradiance = "etalon.irradiance_derived/1";
constexpr std::string_view kSetPoints = "etalon.set_points/1";
constexpr std::string_view kPtc = "etalon.photon_transfer/1";
constexpr std::string_view kDark = "etalon.dark_series/1";
constexpr std::string_view kDarkMedian = "etalon.dark_series/2";
constexpr std::string_view kMoves = "etalon.moves/1";
constexpr std::string_view kTrack = "etalon.track/1";
constexpr std::string_view kAxialResponse = "etalon.gauss1d/1";
constexpr std::string_view kGrid = "etalon.grid/2";

// One row a line keeps the table readable as a table.
// clang-format off
constexpr auto kCatalogue = std::to_array<CatalogueEntry>({
    {"psf.fwhm.x", "FWHM x", "um", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_meters", "axis=\"x\"", kMetersPerUm},
    {"psf.fwhm.y", "FWHM y", "um", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_meters", "axis=\"y\"", kMetersPerUm},
    {"psf.fwhm.z", "FWHM z", "um", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_meters", "axis=\"z\"", kMetersPerUm},
    {"psf.fwhm.minor", "FWHM minor axis", "um", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_meters", "axis=\"minor\"", kMetersPerUm},
    {"psf.fwhm.major", "FWHM major axis", "um", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_meters", "axis=\"major\"", kMetersPerUm},
    {"psf.fwhm.lateral", "FWHM lateral", "um", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_meters", "axis=\"lateral\"", kMetersPerUm},
    {"psf.tilt", "PSF tilt", "deg", kGauss, kLower, kConfiguration, "etalon_psf_tilt_radians", "", kRadiansPerDegree},
    {"psf.asymmetry", "Lateral asymmetry (minor/major)", "1", kHalfmax, kHigher, kConfiguration, "etalon_psf_asymmetry_ratio", "", 1.0},
    {"psf.skew.x", "Skew x (far - near half width, of FWHM)", "1", kHalfmax, kNeither, kConfiguration, "etalon_psf_skew_ratio", "axis=\"x\"", 1.0},
    {"psf.skew.y", "Skew y (far - near half width, of FWHM)", "1", kHalfmax, kNeither, kConfiguration, "etalon_psf_skew_ratio", "axis=\"y\"", 1.0},
    {"psf.skew.z", "Skew z (far - near half width, of FWHM)", "1", kHalfmax, kNeither, kConfiguration, "etalon_psf_skew_ratio", "axis=\"z\"", 1.0},
    {"psf.fwhm_ratio.lateral", "FWHM lateral / theory", "1", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_theory_ratio", "axis=\"lateral\"", 1.0},
    {"psf.fwhm_ratio.axial", "FWHM axial / theory", "1", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_theory_ratio", "axis=\"axial\"", 1.0},
    {"psf.sampling_ratio.lateral", "Pixel / Nyquist pixel", "1", "etalon.nyquist/1", kLower, kConfiguration, "etalon_psf_sampling_ratio", "axis=\"lateral\"", 1.0},
    {"psf.sampling_ratio.axial", "z step / Nyquist step", "1", "etalon.nyquist/1", kLower, kConfiguration, "etalon_psf_sampling_ratio", "axis=\"axial\"", 1.0},
    {"psf.fwhm.worst_zone.x", "FWHM x, worst of nine zones", "um", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_worst_zone_meters", "axis=\"x\"", kMetersPerUm},
    {"psf.fwhm.worst_zone.y", "FWHM y, worst of nine zones", "um", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_worst_zone_meters", "axis=\"y\"", kMetersPerUm},
    {"psf.fwhm.worst_zone.z", "FWHM z, worst of nine zones", "um", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_worst_zone_meters", "axis=\"z\"", kMetersPerUm},
    {"psf.fwhm.worst_zone.lateral", "FWHM lateral, worst of nine zones", "um", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_worst_zone_meters", "axis=\"lateral\"", kMetersPerUm},
    {"psf.fwhm.zone.x", "FWHM x of a zone", "um", kHalfmax, kLower, kConfiguration, "", "", kMetersPerUm},
    {"psf.fwhm.zone.y", "FWHM y of a zone", "um", kHalfmax, kLower, kConfiguration, "", "", kMetersPerUm},
    {"psf.fwhm.zone.z", "FWHM z of a zone", "um", kHalfmax, kLower, kConfiguration, "", "", kMetersPerUm},
    {"psf.fwhm.zone.lateral", "FWHM lateral of a zone", "um", kHalfmax, kLower, kConfiguration, "", "", kMetersPerUm},
    {"psf.fwhm_ratio.worst_zone.lateral", "FWHM lateral / theory, worst of nine zones", "1", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_theory_worst_zone_ratio", "axis=\"lateral\"", 1.0},
    {"psf.fwhm_ratio.worst_zone.axial", "FWHM axial / theory, worst of nine zones", "1", kHalfmax, kLower, kConfiguration, "etalon_psf_fwhm_theory_worst_zone_ratio", "axis=\"axial\"", 1.0},
    {"psf.field.lateral.tilt.x", "FWHM lateral, change left to right", "1", kFieldPlane, kNeither, kConfiguration, "etalon_psf_field_change_ratio", "quantity=\"lateral\",term=\"tilt_x\"", 1.0},
    {"psf.field.lateral.tilt.y", "FWHM lateral, change top to bottom", "1", kFieldPlane, kNeither, kConfiguration, "etalon_psf_field_change_ratio", "quantity=\"lateral\",term=\"tilt_y\"", 1.0},
    {"psf.field.lateral.bowl", "FWHM lateral, change centre to corner", "1", kFieldPlane, kNeither, kConfiguration, "etalon_psf_field_change_ratio", "quantity=\"lateral\",term=\"bowl\"", 1.0},
    {"psf.field.axial.tilt.x", "FWHM axial, change left to right", "1", kFieldPlane, kNeither, kConfiguration, "etalon_psf_field_change_ratio", "quantity=\"axial\",term=\"tilt_x\"", 1.0},
    {"psf.field.axial.tilt.y", "FWHM axial, change top to bottom", "1", kFieldPlane, kNeither, kConfiguration, "etalon_psf_field_change_ratio", "quantity=\"axial\",term=\"tilt_y\"", 1.0},
    {"psf.field.axial.bowl", "FWHM axial, change centre to corner", "1", kFieldPlane, kNeither, kConfiguration, "etalon_psf_field_change_ratio", "quantity=\"axial\",term=\"bowl\"", 1.0},
    {"psf.field.asymmetry.tilt.x", "Asymmetry, change left to right", "1", kFieldPlane, kNeither, kConfiguration, "etalon_psf_field_change_ratio", "quantity=\"asymmetry\",term=\"tilt_x\"", 1.0},
    {"psf.field.asymmetry.tilt.y", "Asymmetry, change top to bottom", "1", kFieldPlane, kNeither, kConfiguration, "etalon_psf_field_change_ratio", "quantity=\"asymmetry\",term=\"tilt_y\"", 1.0},
    {"psf.field.asymmetry.bowl", "Asymmetry, change centre to corner", "1", kFieldPlane, kNeither, kConfiguration, "etalon_psf_field_change_ratio", "quantity=\"asymmetry\",term=\"bowl\"", 1.0},
    {"psf.planarity.tilt.x", "Best focus, change left to right", "um", kFieldPlane, kNeither, kConfiguration, "etalon_psf_planarity_meters", "term=\"tilt_x\"", kMetersPerUm},
    {"psf.planarity.tilt.y", "Best focus, change top to bottom", "um", kFieldPlane, kNeither, kConfiguration, "etalon_psf_planarity_meters", "term=\"tilt_y\"", kMetersPerUm},
    {"psf.planarity.bowl", "Best focus, change centre to corner", "um", kFieldPlane, kNeither, kConfiguration, "etalon_psf_planarity_meters", "term=\"bowl\"", kMetersPerUm},
    {"psf.planarity.angle", "Tilt of the best-focus plane", "deg", kFieldPlane, kLower, kConfiguration, "etalon_psf_planarity_radians", "", kRadiansPerDegree},
    {"psf.outlier", "Distance of a bead from the others (robust SDs)", "1", "etalon.outlier/1", kLower, kConfiguration, "", "", 1.0},
    {"psf.snr", "Bead signal to noise", "1", kGauss, kHigher, kConfiguration, "etalon_psf_snr_ratio", "", 1.0},
    {"psf.sbr", "Bead signal to background", "1", "metroloj_qc.sbr/2", kHigher, kConfiguration, "etalon_psf_sbr_ratio", "", 1.0},
    {"psf.r2", "Fit R2", "1", kGauss, kHigher, kConfiguration, "etalon_psf_r2_ratio", "", 1.0},
    {"psf.beads.kept", "Beads kept", "1", "etalon.psf_gates/1", kHigher, kConfiguration, "etalon_psf_beads", "state=\"kept\"", 1.0},
    {"psf.beads.rejected", "Beads rejected", "1", "etalon.psf_gates/1", kLower, kConfiguration, "etalon_psf_beads", "state=\"rejected\"", 1.0},

    {"illumination.uniformity", "Uniformity", "1", "etalon.tiles/1", kHigher, kConfiguration, "etalon_illumination_uniformity_ratio", "", 1.0},
    {"illumination.centring", "Centring", "1", kSurface, kHigher, kConfiguration, "etalon_illumination_centring_ratio", "", 1.0},
    {"illumination.peak.x", "Peak x", "{px}", kSurface, kNeither, kConfiguration, "", "", 1.0},
    {"illumination.peak.y", "Peak y", "{px}", kSurface, kNeither, kConfiguration, "", "", 1.0},
    {"illumination.cv", "Coefficient of variation", "1", "etalon.pixel_cv/1", kLower, kConfiguration, "etalon_illumination_cv_ratio", "", 1.0},
    {"illumination.saturated", "Saturated pixels", "1", kCount, kLower, kConfiguration, "etalon_illumination_saturated_ratio", "", 1.0},
    {"illumination.tilt.x", "Tilt x, per field width", "1", kSurface, kNeither, kConfiguration, "etalon_illumination_tilt_ratio", "axis=\"x\"", 1.0},
    {"illumination.tilt.y", "Tilt y, per field height", "1", kSurface, kNeither, kConfiguration, "etalon_illumination_tilt_ratio", "axis=\"y\"", 1.0},
    {"illumination.gradient.x", "Gradient x", "1/um", "etalon.paraboloid/1", kNeither, kConfiguration, "", "", 1.0},
    {"illumination.gradient.y", "Gradient y", "1/um", "etalon.paraboloid/1", kNeither, kConfiguration, "", "", 1.0},
    {"illumination.vignetting", "Vignetting, per distance squared", "1/um2", "etalon.paraboloid/1", kNeither, kConfiguration, "", "", 1.0},

    {"coregistration.shift.x", "Channel shift x", "um", kAffine, kNeither, kConfiguration, "etalon_coregistration_shift_meters", "axis=\"x\"", kMetersPerUm},
    {"coregistration.shift.y", "Channel shift y", "um", kAffine, kNeither, kConfiguration, "etalon_coregistration_shift_meters", "axis=\"y\"", kMetersPerUm},
    {"coregistration.shift.z", "Channel shift z", "um", kAffine, kNeither, kConfiguration, "etalon_coregistration_shift_meters", "axis=\"z\"", kMetersPerUm},
    {"coregistration.distance.lateral", "Channel distance, lateral", "um", kAffine, kLower, kConfiguration, "etalon_coregistration_distance_meters", "axis=\"lateral\"", kMetersPerUm},
    {"coregistration.distance.axial", "Channel distance, axial", "um", kAffine, kLower, kConfiguration, "etalon_coregistration_distance_meters", "axis=\"axial\"", kMetersPerUm},
    {"coregistration.distance.total", "Channel distance", "um", kAffine, kLower, kConfiguration, "etalon_coregistration_distance_meters", "axis=\"total\"", kMetersPerUm},
    {"coregistration.ratio", "Channel distance / reference distance", "1", kEllipsoid, kLower, kConfiguration, "etalon_coregistration_ratio", "", 1.0},
    {"coregistration.magnification", "Channel magnification", "1", kAffine, kNeither, kConfiguration, "etalon_coregistration_magnification_ratio", "", 1.0},
    {"coregistration.rotation", "Channel rotation", "deg", kAffine, kNeither, kConfiguration, "", "", kRadiansPerDegree},
    {"coregistration.shear", "Channel shear", "deg", kAffine, kNeither, kConfiguration, "", "", kRadiansPerDegree},
    {"coregistration.tilt.x", "Channel focal plane tilt x", "deg", kAffine, kNeither, kConfiguration, "", "", kRadiansPerDegree},
    {"coregistration.tilt.y", "Channel focal plane tilt y", "deg", kAffine, kNeither, kConfiguration, "", "", kRadiansPerDegree},
    {"coregistration.residual.lateral", "Channel residual, lateral", "um", kAffine, kLower, kConfiguration, "", "", kMetersPerUm},
    {"coregistration.residual.axial", "Channel residual, axial", "um", kAffine, kLower, kConfiguration, "", "", kMetersPerUm},

    {"power.mean", "Mean power", "mW", kSegment, kNeither, kLine, "etalon_power_watts", "", kWattsPerMw},
    {"power.sd", "Power SD", "mW", kSegment, kLower, kLine, "etalon_power_sd_watts", "", kWattsPerMw},
    {"power.min", "Lowest power", "mW", kSegment, kNeither, kLine, "etalon_power_min_watts", "", kWattsPerMw},
    {"power.max", "Highest power", "mW", kSegment, kNeither, kLine, "etalon_power_max_watts", "", kWattsPerMw},
    {"power.stability", "Power stability", "1", kSegment, kHigher, kLine, "etalon_power_stability_ratio", "", 1.0},
    {"power.noise", "Power noise (SD/mean)", "1", kTrace, kLower, kLine, "etalon_power_noise_ratio", "", 1.0},
    {"power.drift", "Power drift", "1/h", kTrace, kNeither, kLine, "etalon_power_drift_ratio_per_second", "", kPerSecondPerHour},
    {"power.settling_time", "Settling time", "s", kTrace, kLower, kLine, "etalon_power_settling_time_seconds", "", 1.0},
    {"power.steps", "Power steps", "1", kTrace, kLower, kLine, "", "", 1.0},
    {"power.step.time", "Time of a power step", "s", kTrace, kNeither, kLine, "", "", 1.0},
    {"power.step.height", "Height of a power step / mean", "1", kTrace, kNeither, kLine, "", "", 1.0},
    {"power.outliers", "Power outliers", "1", kTrace, kLower, kLine, "", "", 1.0},
    {"power.outlier.time", "Time of a power outlier", "s", kTrace, kNeither, kLine, "", "", 1.0},
    {"power.outlier.height", "Height of a power outlier / mean", "1", kTrace, kNeither, kLine, "", "", 1.0},
    {"power.repeatability", "Power repeatability", "1", kPulses, kLower, kLine, "etalon_power_repeatability_ratio", "", 1.0},
    {"power.irradiance", "Irradiance at the sample", "W/cm2", kIrradiance, kNeither, kLine, "", "", 1.0},
    {"power.linearity.slope", "Power linearity, slope", "mW/%", kSetPoints, kNeither, kLine, "", "", 1.0},
    {"power.linearity.intercept", "Power linearity, intercept", "mW", kSetPoints, kNeither, kLine, "", "", kWattsPerMw},
    {"power.linearity.r2", "Power linearity R2", "1", kSetPoints, kHigher, kLine, "etalon_power_linearity_r2_ratio", "", 1.0},
    {"power.linearity.worst_deviation", "Power linearity, worst deviation of full scale", "1", kSetPoints, kLower, kLine, "etalon_power_linearity_worst_deviation_ratio", "", 1.0},

    {"detector.offset", "Offset", "{adu}", kDark, kNeither, kDetector, "etalon_detector_offset_adu", "", 1.0},
    {"detector.read_noise.median", "Read noise, median", "{electron}", kDarkMedian, kLower, kDetector, "etalon_detector_read_noise_electrons", "statistic=\"median\"", 1.0},
    {"detector.read_noise.rms", "Read noise, RMS", "{electron}", kDark, kLower, kDetector, "etalon_detector_read_noise_electrons", "statistic=\"rms\"", 1.0},
    {"detector.dsnu", "DSNU", "{electron}", kDark, kLower, kDetector, "etalon_detector_dsnu_electrons", "", 1.0},
    {"detector.full_well", "Full well", "{electron}", kPtc, kHigher, kDetector, "etalon_detector_full_well_electrons", "", 1.0},
    {"detector.gain", "Gain", "{electron}/{adu}", kPtc, kNeither, kDetector, "etalon_detector_gain_electrons_per_adu", "", 1.0},
    {"detector.dark_current", "Dark current", "{electron}/s", kDark, kLower, kDetector, "etalon_detector_dark_current_electrons_per_second", "", 1.0},
    {"detector.prnu", "PRNU", "1", kPtc, kLower, kDetector, "etalon_detector_prnu_ratio", "", 1.0},
    {"detector.linearity_error", "Linearity error", "1", kPtc, kLower, kDetector, "etalon_detector_linearity_error_ratio", "", 1.0},
    {"detector.snr", "Signal to noise", "1", "noisee.snr/1", kHigher, kDetector, "etalon_detector_snr_ratio", "", 1.0},
    {"detector.sbr", "Signal to background", "1", "noisee.sbr/1", kHigher, kDetector, "etalon_detector_sbr_ratio", "", 1.0},
    {"detector.cv", "Coefficient of variation", "1", "metroloj_qc.cv/1", kLower, kDetector, "etalon_detector_cv_ratio", "", 1.0},
    {"detector.hot_pixels", "Hot pixels", "{px}", kDark, kLower, kDetector, "etalon_detector_hot_pixels", "", 1.0},

    {"stage.repeatability.x", "Stage repeatability x", "um", kMoves, kLower, kStage, "etalon_stage_repeatability_meters", "axis=\"x\"", kMetersPerUm},
    {"stage.repeatability.y", "Stage repeatability y", "um", kMoves, kLower, kStage, "etalon_stage_repeatability_meters", "axis=\"y\"", kMetersPerUm},
    {"stage.repeatability.z", "Stage repeatability z", "um", kMoves, kLower, kStage, "etalon_stage_repeatability_meters", "axis=\"z\"", kMetersPerUm},
    {"stage.accuracy.x", "Stage accuracy x", "um", kMoves, kNeither, kStage, "etalon_stage_accuracy_meters", "axis=\"x\"", kMetersPerUm},
    {"stage.accuracy.y", "Stage accuracy y", "um", kMoves, kNeither, kStage, "etalon_stage_accuracy_meters", "axis=\"y\"", kMetersPerUm},
    {"stage.accuracy.z", "Stage accuracy z", "um", kMoves, kNeither, kStage, "etalon_stage_accuracy_meters", "axis=\"z\"", kMetersPerUm},
    {"stage.backlash.x", "Stage backlash x", "um", kMoves, kLower, kStage, "etalon_stage_backlash_meters", "axis=\"x\"", kMetersPerUm},
    {"stage.backlash.y", "Stage backlash y", "um", kMoves, kLower, kStage, "etalon_stage_backlash_meters", "axis=\"y\"", kMetersPerUm},
    {"stage.drift_velocity", "Stage drift velocity", "um/min", kTrack, kLower, kStage, "etalon_stage_drift_velocity_meters_per_second", "", kMetersPerSecondPerUmMin},
    {"stage.stabilisation_time", "Stage stabilisation time", "s", kTrack, kLower, kStage, "etalon_stage_stabilisation_time_seconds", "", 1.0},
    {"stage.msd", "Stage mean squared displacement", "um2", kTrack, kLower, kStage, "", "", 1.0},

    {"sectioning.fwhm.z", "Axial response FWHM", "um", kAxialResponse, kLower, kConfiguration, "etalon_sectioning_fwhm_meters", "axis=\"z\"", kMetersPerUm},
    {"sectioning.r2", "Axial response R2", "1", kAxialResponse, kHigher, kConfiguration, "etalon_sectioning_r2_ratio", "", 1.0},
    {"sectioning.tilt", "Tilt of the plane", "deg", "etalon.tile_plane/1", kNeither, kConfiguration, "etalon_sectioning_tilt_radians", "", kRadiansPerDegree},

    {"geometry.pixel_size.x", "Pixel size x", "um", kGrid, kNeither, kObjective, "etalon_geometry_pixel_size_meters", "axis=\"x\"", kMetersPerUm},
    {"geometry.pixel_size.y", "Pixel size y", "um", kGrid, kNeither, kObjective, "etalon_geometry_pixel_size_meters", "axis=\"y\"", kMetersPerUm},
    {"geometry.rotation", "Image rotation", "deg", kGrid, kNeither, kObjective, "etalon_geometry_rotation_radians", "", kRadiansPerDegree},
    {"geometry.shear", "Image shear", "deg", kGrid, kNeither, kObjective, "etalon_geometry_shear_radians", "", kRadiansPerDegree},
    {"geometry.distortion", "Image distortion", "1", kGrid, kLower, kObjective, "etalon_geometry_distortion_ratio", "", 1.0},
    {"geometry.straightness", "Image straightness", "um", kGrid, kLower, kObjective, "", "", kMetersPerUm},
});
// clang-format on

}  // namespace

std::span<const CatalogueEntry> Catalogue() { return kCatalogue; }

const CatalogueEntry* FindQuantity(std::string_view id) {
  const auto row = std::find_if(kCatalogue.begin(), kCatalogue.end(),
                                [id](const CatalogueEntry& entry) { return entry.id == id; });
  return row == kCatalogue.end() ? nullptr : &*row;
}

}  // namespace qc_metrics
