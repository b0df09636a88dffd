#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>

#include "qc_metrics/detector.h"
#include "qc_metrics/report_writer.h"

namespace qc_metrics {
namespace {

constexpr std::string_view kDark = "etalon.dark_series/1";
constexpr std::string_view kDarkMedian = "etalon.dark_series/2";
constexpr std::string_view kTransfer = "etalon.photon_transfer/1";
constexpr std::string_view kElectron = "{electron}";
constexpr double kSaidDrift = 0.005;   // of the variance
constexpr double kSaidWander = 0.5;    // of the read noise
constexpr double kMismatchChi2 = 5.0;  // per level
constexpr double kMismatchDeviation = 0.01;

std::string Percent(double fraction) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100.0 * fraction);
  return text;
}

std::string Quoted(const std::string& name) { return "'" + name + "'"; }

using Writer = ReportWriter<DetectorValue>;

DetectorValue Product(const DetectorValue& a, const DetectorValue& b) {
  DetectorValue out{a.value * b.value, std::nullopt};
  if (a.u || b.u) out.u = std::hypot(a.u.value_or(0.0) * b.value, a.value * b.u.value_or(0.0));
  return out;
}

std::optional<DetectorValue> GainOf(const Detector& detector, const DetectorSettings& settings) {
  if (detector.transfer) return detector.transfer->gain_e_per_adu;
  if (settings.gain_e_per_adu) return DetectorValue{*settings.gain_e_per_adu, std::nullopt};
  return std::nullopt;
}

void WriteElectrons(const DarkSeries& dark, const DetectorValue& gain, Writer& writer) {
  struct Row {
    std::string_view id;
    std::string_view definition;
    const std::optional<DetectorValue>& adu;
    std::string_view peer;
    double peer_adu;
  };
  const PeerDark peer = dark.peer.value_or(PeerDark{});
  const std::array<Row, 3> rows = {
      {{"detector.read_noise.median", kDarkMedian, dark.read_noise_median_adu,
        "metroloj_qc.median_noise/1", peer.read_noise_median},
       {"detector.read_noise.rms", kDark, dark.read_noise_rms_adu, "metroloj_qc.rms_noise/1",
        peer.read_noise_rms},
       {"detector.dsnu", kDark, dark.dsnu_adu, "metroloj_qc.dsnu/1", peer.dsnu}}};
  for (const Row& row : rows) {
    if (!row.adu) continue;
    writer.Add(row.id, row.definition, kElectron, Product(*row.adu, gain), "pixel_statistics").n =
        dark.pixels;
    if (dark.peer) {
      writer.Add(row.id, row.peer, kElectron, {row.peer_adu * gain.value, std::nullopt}, "");
    }
  }
}

void WriteDefects(const PixelDefects& defects, Writer& writer) {
  const auto count = [&writer](int pixels, std::string_view kind) {
    Quantity& quantity = writer.Add("detector.hot_pixels", kDark, "{px}",
                                    {static_cast<double>(pixels), std::nullopt}, "");
    if (!kind.empty()) quantity.of["kind"] = std::string(kind);
  };
  count(defects.hot + defects.blinking, "");
  count(defects.hot, "steady");
  count(defects.blinking, "blinking");
  count(defects.cold, "cold");
}

void WriteDark(const Detector& detector, const std::optional<DetectorValue>& gain, Writer& writer) {
  if (detector.darks.empty()) return;
  const DarkSeries& dark = detector.darks.front();
  writer.Add("detector.offset", kDark, "{adu}", dark.offset_adu, "frame_scatter").n = dark.pixels;
  if (dark.peer) {
    writer.Add("detector.offset", "metroloj_qc.offset/1", "{adu}",
               {dark.peer->offset, std::nullopt}, "");
  }
  if (gain) {
    WriteElectrons(dark, *gain, writer);
    if (detector.dark_current_adu_per_s) {
      writer
          .Add("detector.dark_current", kDark, "{electron}/s",
               Product(*detector.dark_current_adu_per_s, *gain), "frame_scatter")
          .n = static_cast<std::int64_t>(detector.darks.size());
    }
  }
  if (detector.defects) WriteDefects(*detector.defects, writer);
}

void WriteTransfer(const PhotonTransfer& transfer, Writer& writer) {
  writer
      .Add("detector.gain", kTransfer, "{electron}/{adu}", transfer.gain_e_per_adu,
           "fit_covariance")
      .n = transfer.levels;
  if (transfer.full_well_e) {
    writer.Add("detector.full_well", kTransfer, kElectron, *transfer.full_well_e, "fit_covariance");
  }
  if (transfer.prnu) {
    writer.Add("detector.prnu", kTransfer, "1", *transfer.prnu, "pixel_statistics");
  }
  if (transfer.linearity_error) {
    writer.Add("detector.linearity_error", kTransfer, "1", *transfer.linearity_error,
               "frame_scatter");
  }
  writer
      .Add("detector.linearity_error", "etalon.variance_line/1", "1",
           {transfer.worst_deviation, std::nullopt}, "")
      .n = transfer.levels;
}

void WriteRegions(const Detector& detector, Writer& writer) {
  std::vector<std::string> names;
  for (const UniformRegion& region : detector.regions) {
    if (std::find(names.begin(), names.end(), region.name) == names.end()) {
      names.push_back(region.name);
    }
  }
  const auto write = [&](std::string_view id, std::string_view definition, auto value) {
    for (const UniformRegion& region : detector.regions) {
      const std::optional<DetectorValue> own = value(region);
      if (!own) continue;
      Quantity& quantity = writer.Add(id, definition, "1", *own,
                                      region.averaged > 1 ? "frame_scatter" : "pixel_statistics");
      quantity.n = region.pixels;
      const bool several =
          std::count_if(detector.regions.begin(), detector.regions.end(),
                        [&](const UniformRegion& other) { return other.name == region.name; }) > 1;
      if (several) quantity.of["frame"] = static_cast<double>(region.frame);
      if (names.size() > 1) quantity.of["series"] = region.name;
    }
  };
  write("detector.cv", "metroloj_qc.cv/1",
        [](const UniformRegion& region) { return std::optional(region.cv); });
  write("detector.snr", "noisee.snr/1", [](const UniformRegion& region) { return region.snr; });
  write("detector.sbr", "noisee.sbr/1", [](const UniformRegion& region) { return region.sbr; });
}

std::string FaultText(Fault fault) {
  switch (fault) {
    case Fault::kUnsupportedFormat:
      return "is not one channel of 8-, 16- or 32-bit values of the same size as the other series: "
             "record all series with one region and binning";
    case Fault::kTooSmall:
      return "has a region of fewer than 16 pixels: state a larger roi";
    case Fault::kNotFinite:
      return "holds NaN or infinite values: export it again without them";
    case Fault::kSaturated:
      return "is saturated on more than 1 % of its pixels: lower the light, the gain or the offset";
    case Fault::kNoSignal:
      return "holds no noise or no light: its frames are equal, so they are copies, averages or "
             "black; record raw frames";
    case Fault::kTooFew:
      return "has only one frame: noise needs at least 20";
    case Fault::kFitFailed:
      return "could not be fitted: look at its frames";
  }
  return "could not be measured";
}

void FindFaults(const Detector& detector, Writer& writer) {
  for (const SeriesFault& fault : detector.faults) {
    writer.Find(Name(fault.fault), Severity::kFault,
                "The series " + Quoted(fault.name) + " " + FaultText(fault.fault) + ".");
  }
}

void FindDark(const Detector& detector, Writer& writer) {
  for (const DarkSeries& dark : detector.darks) {
    if (dark.frames < kNoiseFrames) {
      writer.Find("too_few", Severity::kFault,
                  "The dark series " + Quoted(dark.name) + " has " + std::to_string(dark.frames) +
                      " frames, and noise needs at least 20: offset and hot pixels only.");
    }
    if (dark.read_noise_rms_adu &&
        dark.frame_sd_adu > kSaidWander * dark.read_noise_rms_adu->value) {
      writer.Find("drift_in_series", Severity::kWarning,
                  "The level of whole dark frames of " + Quoted(dark.name) +
                      " changes by more than half of the read noise; this was removed from the "
                      "noise: let the camera reach its temperature.");
    }
  }
  if (detector.saturated_dark_pixels > 0) {
    writer.Find("saturated", Severity::kWarning,
                std::to_string(detector.saturated_dark_pixels) +
                    " pixels are saturated in the dark: they count as hot.");
  }
  if (detector.defects && detector.defects->cold > 0) {
    writer.Find("cold_pixels", Severity::kInfo,
                std::to_string(detector.defects->cold) +
                    " pixels are below all others in the dark and were left out.");
  }
}

void FindLevels(const Detector& detector, Writer& writer) {
  double largest_drift = 0.0;
  for (const TransferLevel& level : detector.levels) {
    if (level.state == LevelState::kTooFew) {
      writer.Find("too_few", Severity::kFault,
                  "The flat series " + Quoted(level.name) + " has " + std::to_string(level.frames) +
                      " frames, and noise needs at least 20.");
    } else if (level.state == LevelState::kUnsteady) {
      writer.Find("drift_in_series", Severity::kFault,
                  "The light of " + Quoted(level.name) +
                      " changed between frames too much, or differently over the field, to be "
                      "removed; the level was left out: use a steadier light.");
    } else if (level.state == LevelState::kSaturated) {
      writer.Find("saturated", Severity::kInfo,
                  "The level " + Quoted(level.name) +
                      " is saturated or near to it and was left out of the gain.");
    } else {
      largest_drift = std::max(largest_drift, level.drift_share);
    }
  }
  if (largest_drift > kSaidDrift) {
    writer.Find("drift_in_series", Severity::kInfo,
                "The light changed from frame to frame; up to " + Percent(largest_drift) +
                    " of a level's variance came from it and was removed.");
  }
}

void FindTransfer(const Detector& detector, Writer& writer) {
  FindLevels(detector, writer);
  if (detector.levels.empty()) return;
  if (!detector.transfer) {
    writer.Find("too_few", Severity::kFault,
                "The gain needs at least three usable levels of light, of which the dark series "
                "is one, with a variance that rises: record more flat series.");
    return;
  }
  const PhotonTransfer& transfer = *detector.transfer;
  if (transfer.reduced_chi2 > kMismatchChi2 && transfer.worst_deviation > kMismatchDeviation) {
    writer.Find("model_mismatch", Severity::kWarning,
                "The variance leaves its straight line by up to " +
                    Percent(transfer.worst_deviation) +
                    ": the response is not linear, or the values are processed; use raw frames.");
  }
  if (!transfer.full_well_e) {
    writer.Find("full_well", Severity::kInfo,
                "No level is saturated, so the full well is not known: add a flat series that is.");
  }
  if (!transfer.linearity_error) {
    writer.Find("settings_not_stated", Severity::kInfo,
                "The linearity error needs at least three levels between 5 % and 100 % of the "
                "fitted range with exposure_s stated for each.");
  }
}

void FindRegions(const Detector& detector, Writer& writer) {
  for (const UniformRegion& region : detector.regions) {
    if (!(region.saturated > 0.0)) continue;
    writer.Find("saturated", Severity::kWarning,
                Percent(region.saturated) + " of the region's pixels in " + Quoted(region.name) +
                    " are saturated; the spread is understated.");
  }
  const bool known =
      std::all_of(detector.regions.begin(), detector.regions.end(),
                  [](const UniformRegion& region) { return region.snr.has_value(); });
  if (!known) {
    writer.Find("settings_not_stated", Severity::kInfo,
                "Signal to noise and to background need the level without light: add a dark "
                "series or state camera_offset_adu.");
  }
}

}  // namespace

Report DetectorReport(const Detector& detector, const DetectorSettings& settings,
                      std::optional<int> channel) {
  Report report;
  Writer writer(report, channel);
  const std::optional<DetectorValue> gain = GainOf(detector, settings);
  WriteDark(detector, gain, writer);
  if (detector.transfer) WriteTransfer(*detector.transfer, writer);
  WriteRegions(detector, writer);
  FindFaults(detector, writer);
  FindDark(detector, writer);
  FindTransfer(detector, writer);
  FindRegions(detector, writer);
  if (!gain && !detector.darks.empty()) {
    writer.Find("metadata_missing:gain_e_per_adu", Severity::kWarning,
                "Noise in electrons needs the gain: add flat series, or state gain_e_per_adu.");
  }
  return report;
}

}  // namespace qc_metrics
