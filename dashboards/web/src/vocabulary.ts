// The words of the record: one for each verdict, reason, quantity, definition and key.

import type { Verdict } from "./types.ts";

const kThin = "\u202f";

export const verdict: Record<Verdict, string> = {
  in_spec: "In spec",
  in_spec_with_conditions: "With conditions",
  out_of_spec: "Out of spec",
  unknown: "Unknown",
  not_in_scope: "Not checked for this",
};

/** Reasons that have a plainer word than the verdict they lead to. */
export const verdictByReason: Record<string, string> = {
  qc_suspect: "Being checked",
  qc_overdue: "Unknown, overdue",
  never_tested: "Never checked",
  drift: "Drift",
  service_hold: "On hold",
};

export const outcome: Record<string, string> = {
  pass: "Pass",
  conditional_pass: "Conditional pass",
  conditional_fail: "Conditional fail",
  fail: "Fail",
  method_not_capable: "Method not capable",
  unmeasurable: "Unmeasurable",
  limits_missing: "Limits missing",
  not_representative: "Not representative",
  settings_differ: "Settings differ",
  not_judged: "Not judged",
};

/** What a code says where the record gives no sentence. */
export const reasonCode: Record<string, string> = {
  qc_failed: "A check failed and the failure is confirmed",
  service_hold: "On hold for service",
  return_to_service_pending: "Not released after service yet",
  nonconformity_open: "A nonconformity is open",
  never_tested: "Never checked",
  qc_overdue: "The check is overdue",
  qc_suspect: "A first failure is being checked",
  unmeasurable: "The latest data gave no result",
  not_representative: "Too little of the field was measured",
  settings_differ: "Settings differ from the procedure",
  method_not_capable: "The uncertainty is too large for the limits",
  limits_missing: "No limits are set",
  reference_expired: "A reference has expired",
  artefact_recalled: "A reference artefact was recalled",
  raw_missing: "Raw data is missing",
  configuration_changed: "The configuration changed since the last check",
  integrity_broken: "The record's integrity is broken",
  record_unreachable: "The record cannot be reached",
  conditional: "Passed inside the guard band",
  qc_warning: "Inside the warning band",
  drift: "Drifting, still inside its limits",
  review_pending: "Waits for review",
  unattributed: "Nobody has signed as performer",
  uncertainty_incomplete: "The uncertainty is incomplete",
  concession: "Used under a concession",
  qc_due: "A check is due",
  not_needed_by_profile: "This use does not need it",
  not_in_plan: "Not in the verification plan",
};

/** What a decision says of one quantity ("fail:psf.fwhm.z") or one setting. */
const decided: Record<string, (subject: string) => string> = {
  fail: (s) => `${s} is outside its limit`,
  conditional_fail: (s) => `${s} is outside its limit, by less than the uncertainty`,
  conditional_pass: (s) => `${s} is inside its limit, by less than the guard band`,
  method_not_capable: (s) => `The uncertainty of ${s} is too large for its limits`,
  warning: (s) => `${s} reached its warning limit`,
  settings_differ: (s) => `${s} differs from the procedure`,
  settings_not_stated: (s) => `${s} is not stated`,
  settings_not_configured: (s) => `${s} is not set in the configuration`,
  metadata_missing: (s) => `${s} is missing`,
};

/** A reason of a decision in words; what is not known is shown as it is recorded. */
export function decisionReason(code: string): string {
  const whole = reasonCode[code];
  if (whole) return whole;
  const colon = code.indexOf(":");
  const words = colon > 0 ? decided[code.slice(0, colon)] : undefined;
  const subject = code.slice(colon + 1);
  if (words) return words(quantity[subject] ?? setup[subject] ?? subject);
  if (code.startsWith("finding:")) return `A finding waits for review: ${findingWord(subject)}`;
  return findingWord(code);
}

const findingWord = (code: string) => finding[code] ?? code.replace(/_/g, " ");

/** The names of the built-in quantities; a facility's own come with their name. */
export const quantity: Record<string, string> = {
  "psf.fwhm.x": "FWHM x",
  "psf.fwhm.y": "FWHM y",
  "psf.fwhm.z": "FWHM z",
  "psf.fwhm.minor": "FWHM minor axis",
  "psf.fwhm.major": "FWHM major axis",
  "psf.fwhm.lateral": "FWHM lateral",
  "psf.tilt": "PSF tilt",
  "psf.asymmetry": "Lateral asymmetry (minor/major)",
  "psf.fwhm_ratio.lateral": "FWHM lateral / theory",
  "psf.fwhm_ratio.axial": "FWHM axial / theory",
  "psf.sampling_ratio.lateral": "Pixel / Nyquist pixel",
  "psf.sampling_ratio.axial": "z step / Nyquist step",
  "psf.snr": "Bead signal to noise",
  "psf.sbr": "Bead signal to background",
  "psf.r2": "Fit R²",
  "psf.beads.kept": "Beads kept",
  "psf.beads.rejected": "Beads rejected",
  "illumination.uniformity": "Uniformity",
  "illumination.centring": "Centring",
  "illumination.peak.x": "Peak x",
  "illumination.peak.y": "Peak y",
  "illumination.cv": "Coefficient of variation",
  "illumination.saturated": "Saturated pixels",
  "illumination.tilt.x": "Tilt x, per field width",
  "illumination.tilt.y": "Tilt y, per field height",
  "coregistration.shift.x": "Channel shift x",
  "coregistration.shift.y": "Channel shift y",
  "coregistration.shift.z": "Channel shift z",
  "coregistration.distance.lateral": "Channel distance, lateral",
  "coregistration.distance.axial": "Channel distance, axial",
  "coregistration.distance.total": "Channel distance",
  "coregistration.ratio": "Channel distance / reference distance",
  "coregistration.magnification": "Channel magnification",
  "coregistration.rotation": "Channel rotation",
  "power.mean": "Mean power",
  "power.sd": "Power SD",
  "power.min": "Lowest power",
  "power.max": "Highest power",
  "power.stability": "Power stability",
  "power.noise": "Power noise (SD/mean)",
  "power.drift": "Power drift",
  "power.settling_time": "Settling time",
  "power.linearity.r2": "Power linearity R²",
  "power.linearity.worst_deviation": "Power linearity, worst deviation of full scale",
  "detector.offset": "Offset",
  "detector.read_noise.median": "Read noise, median",
  "detector.read_noise.rms": "Read noise, RMS",
  "detector.dsnu": "DSNU",
  "detector.full_well": "Full well",
  "detector.gain": "Gain",
  "detector.dark_current": "Dark current",
  "detector.prnu": "PRNU",
  "detector.linearity_error": "Linearity error",
  "detector.snr": "Signal to noise",
  "detector.cv": "Coefficient of variation",
  "detector.hot_pixels": "Hot pixels",
  "stage.repeatability.x": "Stage repeatability x",
  "stage.repeatability.y": "Stage repeatability y",
  "stage.repeatability.z": "Stage repeatability z",
  "stage.backlash.x": "Stage backlash x",
  "stage.backlash.y": "Stage backlash y",
  "stage.drift_velocity": "Stage drift velocity",
  "stage.stabilisation_time": "Stage stabilisation time",
  "sectioning.fwhm.z": "Axial response FWHM",
  "sectioning.r2": "Axial response R²",
  "geometry.pixel_size.x": "Pixel size x",
  "geometry.pixel_size.y": "Pixel size y",
  "geometry.rotation": "Image rotation",
  "geometry.shear": "Image shear",
  "geometry.distortion": "Image distortion",
};

/** One line for each definition; the full text stands in DEFINITIONS.md. */
export const definition: Record<string, string> = {
  "etalon.gauss3d/1": "Pixel-integrated 3-D Gaussian, maximum likelihood, one fit a bead",
  "etalon.halfmax/1": "Width of the profile at half of its maximum, without a model",
  "etalon.tiles/1": "Lowest over highest mean of tiles, offset removed",
  "etalon.surface/1": "Position of the maximum of a smooth surface through the field",
  "etalon.surface/2": "Position of the maximum of a smooth surface through the logarithm of the light",
  "etalon.paraboloid/1": "Coefficients of the paraboloid nearest to the field",
  "etalon.count/1": "Counted",
  "etalon.pixel_cv/1": "Standard deviation of the pixels over their mean",
  "etalon.nyquist/1": "Sampling step over the step that the optics ask for",
  "etalon.segment/1": "Samples of one steady stretch, switching left out",
  "etalon.set_points/1": "Mean power against the setting, straight line",
  "metroloj_qc.sbr/1": "Bead over the ground around it, as MetroloJ_QC",
  "etalon.affine/1": "Translation of the fitted affine map at the image centre",
  "metroloj_qc.fwhm1d/1": "1-D Gaussian through the brightest voxel, as MetroloJ_QC",
  "metroloj.fwhm1d/1": "1-D Gaussian through the brightest voxel, as MetroloJ",
  "metroloj_qc.minmax/1": "Lowest over highest pixel after smoothing (sigma 2 px), as MetroloJ_QC",
  "metroloj.minmax/1": "Lowest over highest raw pixel, as MetroloJ",
  "metroloj_qc.centring/1": "Distance of the peak from the centre, as MetroloJ_QC",
  "metroloj_qc.azimuth8/1": "Uniformity along eight directions, as MetroloJ_QC",
  "qc_scope.five_percent/1": "Mean of the lowest over the highest 5 % of pixels, as QC Scope",
  "microscope_metrics.nine_regions/1": "Mean of nine regions, as microscope-metrics",
};

export const qualifier: Record<string, (value: string) => string> = {
  line_nm: (v) => `${v}${kThin}nm`,
  setting_percent: (v) => `at ${v}${kThin}%`,
  segment: (v) => `segment ${v}`,
  comparator: (v) => `against ${v}`,
  channels: (v) => `channels ${v}`,
  region: (v) => `region ${v}`,
  location: (v) => v,
};

export const reject: Record<string, string> = {
  saturated: "saturated",
  edge: "too near the edge",
  z_edge: "too near the end of the stack",
  too_close: "too close to another",
  doublet: "two beads in one",
  low_snr: "too faint",
  low_r2: "poor fit",
  fit_failed: "fit failed",
  hot_pixel: "hot pixel",
  too_large: "too large",
};

export const analysis: Record<string, string> = {
  psf: "Point spread function",
  illumination: "Field illumination",
  coregistration: "Co-registration",
  power: "Illumination power",
  detector: "Detector",
  stage: "Stage",
  sectioning: "Optical sectioning",
  geometry: "Geometry",
};

export const purpose: Record<string, string> = {
  as_found: "as found",
  repeat: "repeat",
  as_left: "as left",
  practice: "practice",
};

/** What a measurement warns of, short; the finding's own sentence stands beside it. */
export const finding: Record<string, string> = {
  saturated: "saturated",
  undersampled: "sampled too coarsely",
  not_representative: "too little of the field was measured",
  model_mismatch: "the light is not of the fitted shape",
  settings_not_stated: "a setting is not stated",
  too_few: "too few objects",
  too_small: "too small to be measured",
  not_finite: "values that are no numbers",
  no_signal: "no signal",
  dust: "dust",
  drift_in_series: "drift within the series",
  clock: "a clock is wrong",
  unreadable: "the file cannot be read",
  unsupported_format: "a format that is not read",
  several_images: "several images in one file",
  switching: "the laser was switched",
};

export const review: Record<string, string> = {
  by_rule: "released by rule",
  released_by_rule: "released by rule",
  pending: "waits for review",
  review_pending: "waits for review",
  reviewed: "reviewed",
  by_person: "reviewed by a person",
  accepted: "reviewed, accepted",
  rejected: "reviewed, rejected",
};

export const setup: Record<string, string> = {
  pixel_size_um: "Pixel size (µm)",
  pixel_size_x_um: "Pixel size x (µm)",
  pixel_size_y_um: "Pixel size y (µm)",
  z_step_um: "Step z (µm)",
  frame_interval_s: "Frame interval (s)",
  exposure_s: "Exposure (s)",
  numerical_aperture: "Numerical aperture",
  refractive_index: "Refractive index",
  excitation_nm: "Excitation (nm)",
  emission_nm: "Emission (nm)",
  channel_name: "Channel",
  modality: "Modality",
  pinhole_au: "Pinhole (AU)",
  camera_offset_adu: "Camera offset (ADU)",
  saturation_adu: "Saturation (ADU)",
  gain_e_per_adu: "Gain (e⁻/ADU)",
  read_noise_e: "Read noise (e⁻)",
  bead_diameter_um: "Bead diameter (µm)",
  line_nm: "Laser line (nm)",
  setting_percent: "Setting (%)",
  magnification: "Magnification",
  immersion: "Immersion",
  objective: "Objective",
};

export const source: Record<string, string> = {
  file: "from the file",
  option: "given by hand",
  setup: "from the setup file",
  configuration: "from the configuration",
  default: "default",
};

export const picture: Record<string, string> = {
  psf_xy: "Projection xy",
  psf_xz: "Projection xz",
  psf_yz: "Projection yz",
  psf_profiles: "Profiles with fit and residual",
  psf_field: "Where the beads lie in the field",
  field_map: "Map of the field",
  field_residual: "What the smooth surface leaves",
  field_profiles: "Profiles through the field",
  power_trace: "Power against time",
};

export const dueState: Record<string, string> = {
  never: "Never done",
  current: "Current",
  due: "Due",
  overdue: "Overdue",
};
