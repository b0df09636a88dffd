#include "qc_metrics/bead_track.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string>

#include "qc_metrics/gauss_1d.h"
#include "qc_metrics/spot_fit.h"

namespace qc_metrics {
namespace {

constexpr std::size_t kFewestFrames = 3;
constexpr std::size_t kMostBeads = 100;
constexpr int kFirstHalf = 7;  // of the window that a bead's width is found in, px
constexpr int kLargestHalf = 20;
constexpr double kWindowSigmas = 4.0;
constexpr double kDetectionSds = 8.0;
constexpr double kOutlierSds = 5.0;
constexpr double kSdPerMad = 1.4826;
constexpr std::size_t kFewestForScatter = 3;

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

cv::Mat SumOverZ(const Stack& frame, const cv::Rect& window) {
  cv::Mat sum = cv::Mat::zeros(window.size(), CV_64F);
  for (const cv::Mat& plane : frame.planes) {
    cv::add(sum, plane(window), sum, cv::noArray(), CV_64F);
  }
  return sum;
}

/// Whole-pixel places of bright local maxima, brightest first.
std::vector<cv::Point> Detect(const cv::Mat& image) {
  cv::Mat smooth;
  cv::GaussianBlur(image, smooth, {0, 0}, 1.0);
  std::vector<double> values(smooth.begin<double>(), smooth.end<double>());
  const double median = Median(values);
  for (double& value : values) value = std::abs(value - median);
  const double threshold = median + kDetectionSds * kSdPerMad * Median(values);
  cv::Mat highest;
  cv::dilate(smooth, highest, cv::Mat::ones(kFirstHalf, kFirstHalf, CV_8U));
  std::vector<cv::Point> peaks;
  for (int y = kFirstHalf; y < image.rows - kFirstHalf; ++y) {
    for (int x = kFirstHalf; x < image.cols - kFirstHalf; ++x) {
      const double value = smooth.at<double>(y, x);
      if (value > threshold && value >= highest.at<double>(y, x)) peaks.emplace_back(x, y);
    }
  }
  std::stable_sort(peaks.begin(), peaks.end(), [&](const cv::Point& a, const cv::Point& b) {
    return smooth.at<double>(a) > smooth.at<double>(b);
  });
  // Two beads in one window would pull at each other.
  std::vector<cv::Point> apart;
  for (const cv::Point& peak : peaks) {
    const bool alone = std::all_of(peaks.begin(), peaks.end(), [&](const cv::Point& other) {
      return other == peak ||
             std::max(std::abs(other.x - peak.x), std::abs(other.y - peak.y)) > 2 * kFirstHalf;
    });
    if (alone && apart.size() < kMostBeads) apart.push_back(peak);
  }
  return apart;
}

class Following {
 public:
  Following(const std::vector<Stack>& frames, const TrackSettings& settings)
      : frames_(frames), settings_(settings) {}

  TrackedBead Follow(const cv::Point& start) const {
    TrackedBead bead;
    SpotPlace last{.at = {static_cast<double>(start.x), static_cast<double>(start.y), 0.0},
                   .sigma_px = 1.5};
    int half = kFirstHalf;
    for (const Stack& frame : frames_) {
      std::optional<SpotPlace> place;
      bead.rejected = Place(frame, last, half, place);
      if (bead.rejected) return bead;
      if (bead.places.empty()) {  // once the width is known, the window fits it
        half = std::clamp(static_cast<int>(std::ceil(kWindowSigmas * place->sigma_px)), 4,
                          kLargestHalf);
        bead.rejected = Place(frame, *place, half, place);
        if (bead.rejected) return bead;
      }
      last = *place;
      bead.places.push_back(*place);
    }
    return bead;
  }

 private:
  /// The reason why there is no place, or none.
  std::optional<std::string> Place(const Stack& frame, const SpotPlace& near, int half,
                                   std::optional<SpotPlace>& place) const {
    const cv::Point centre(static_cast<int>(std::lround(near.at[0])),
                           static_cast<int>(std::lround(near.at[1])));
    const cv::Rect window(centre.x - half, centre.y - half, 2 * half + 1, 2 * half + 1);
    const cv::Rect whole({0, 0}, frame.planes.front().size());
    if ((window & whole) != window) return "edge";
    if (IsSaturated(frame, window)) return "saturated";
    const cv::Mat values = SumOverZ(frame, window);
    const auto spot = FitSpot(values, near.at[0] - window.x, near.at[1] - window.y, near.sigma_px);
    if (!spot) return frames_.front().planes.data() == frame.planes.data() ? "fit_failed" : "lost";
    SpotPlace found{.at = {spot->x + window.x, spot->y + window.y, 0.0},
                    .u = {spot->u_x, spot->u_y, 0.0},
                    .sigma_px = std::sqrt(spot->sigma_x * spot->sigma_y)};
    if (frame.planes.size() > 1 && !PlaceAlongZ(frame, window, found)) return "fit_failed";
    place = found;
    return std::nullopt;
  }

  [[nodiscard]] bool IsSaturated(const Stack& frame, const cv::Rect& window) const {
    if (!settings_.saturation_adu) return false;
    return std::any_of(frame.planes.begin(), frame.planes.end(), [&](const cv::Mat& plane) {
      return cv::countNonZero(plane(window) >= *settings_.saturation_adu) > 0;
    });
  }

  static bool PlaceAlongZ(const Stack& frame, const cv::Rect& window, SpotPlace& place) {
    std::vector<double> profile;
    for (const cv::Mat& plane : frame.planes) profile.push_back(cv::mean(plane(window))[0]);
    const auto fit = FitGauss1d(profile);
    if (!fit) return false;
    place.at[2] = fit->centre;
    place.u[2] = fit->u_centre;
    return true;
  }

  const std::vector<Stack>& frames_;
  const TrackSettings& settings_;
};

std::array<double, 3> Steps(const TrackSettings& settings) {
  return {settings.pixel_x_um, settings.pixel_y_um, settings.z_step_um.value_or(0.0)};
}

/// Beads that leave the common path are marked.
void MarkOutliers(std::size_t frames, int axes, std::vector<TrackedBead>& beads) {
  std::vector<TrackedBead*> kept;
  for (TrackedBead& bead : beads) {
    if (!bead.rejected) kept.push_back(&bead);
  }
  if (kept.size() < 5) return;  // fewer cannot outvote one another
  std::vector<double> worst(kept.size(), 0.0);
  for (std::size_t k = 1; k < frames; ++k) {
    for (std::size_t axis = 0; axis < static_cast<std::size_t>(axes); ++axis) {
      std::vector<double> moved;
      for (const TrackedBead* bead : kept) {
        moved.push_back(bead->places[k].at[axis] - bead->places[0].at[axis]);
      }
      const double middle = Median(moved);
      std::vector<double> away = moved;
      for (double& value : away) value = std::abs(value - middle);
      const double sd = kSdPerMad * Median(away);
      for (std::size_t i = 0; i < kept.size(); ++i) {
        const double u = std::hypot(kept[i]->places[k].u[axis], kept[i]->places[0].u[axis]);
        const double scale = std::max(sd, u);
        if (scale > 0.0) worst[i] = std::max(worst[i], std::abs(moved[i] - middle) / scale);
      }
    }
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (worst[i] > kOutlierSds) kept[i]->rejected = "outlier";
  }
}

/// Mean displacement of the kept beads at frame k; u is that of the frame's own places.
void AddFrame(const std::vector<TrackedBead>& beads, std::size_t k, const TrackSettings& settings,
              StageTrack& track) {
  const std::array<double, 3> step = Steps(settings);
  std::array<double, 3> mean{};
  std::array<double, 3> u{};
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(track.axes); ++axis) {
    double n = 0.0, sum = 0.0, squares = 0.0, variance = 0.0;
    for (const TrackedBead& bead : beads) {
      if (bead.rejected) continue;
      const double moved = bead.places[k].at[axis] - bead.places[0].at[axis];
      n += 1.0;
      sum += moved;
      squares += moved * moved;
      variance += bead.places[k].u[axis] * bead.places[k].u[axis];
    }
    mean[axis] = sum / n * step[axis];
    const double of_fits = std::sqrt(variance) / n;
    const double scatter = std::max(0.0, squares - sum * sum / n) / (n - 1.0) / n;
    // A displacement has the noise of two frames.
    const bool scattered = n >= static_cast<double>(kFewestForScatter) && k > 0;
    u[axis] = step[axis] * (scattered ? std::max(of_fits, std::sqrt(0.5 * scatter)) : of_fits);
  }
  track.position_um.push_back(mean);
  track.u_um.push_back(u);
}

std::optional<Fault> Refusal(const std::vector<Stack>& frames) {
  if (frames.size() < kFewestFrames) return Fault::kTooFew;
  if (frames.front().planes.empty() || frames.front().planes.front().empty()) {
    return Fault::kUnsupportedFormat;
  }
  const cv::Mat& first = frames.front().planes.front();
  for (const Stack& frame : frames) {
    if (frame.planes.size() != frames.front().planes.size()) return Fault::kUnsupportedFormat;
    for (const cv::Mat& plane : frame.planes) {
      const bool alike = plane.size() == first.size() && plane.type() == first.type();
      if (!alike || plane.channels() != 1) return Fault::kUnsupportedFormat;
      if (plane.depth() == CV_32F && !cv::checkRange(plane)) return Fault::kNotFinite;
    }
  }
  return std::nullopt;
}

}  // namespace

Measured<BeadTracks> TrackBeads(const std::vector<Stack>& frames, const TrackSettings& settings) {
  if (const auto fault = Refusal(frames)) return *fault;
  const cv::Rect whole({0, 0}, frames.front().planes.front().size());
  BeadTracks out;
  out.track.frame_interval_s = settings.frame_interval_s;
  out.track.axes = frames.front().planes.size() > 1 ? 3 : 2;
  const Following following(frames, settings);
  for (const cv::Point& start : Detect(SumOverZ(frames.front(), whole))) {
    out.beads.push_back(following.Follow(start));
  }
  MarkOutliers(frames.size(), out.track.axes, out.beads);
  bool saturated = !out.beads.empty();
  for (const TrackedBead& bead : out.beads) {
    out.kept += bead.rejected ? 0 : 1;
    saturated = saturated && bead.rejected == "saturated";
  }
  if (saturated) return Fault::kSaturated;
  if (out.kept == 0) return Fault::kNoSignal;
  for (std::size_t k = 0; k < frames.size(); ++k) AddFrame(out.beads, k, settings, out.track);
  return out;
}

Report TrackReport(const Measured<BeadTracks>& tracks, const TrackSettings& settings) {
  Report report;
  if (const auto* fault = std::get_if<Fault>(&tracks)) {
    std::string text =
        "No bead could be followed from the first frame to the last: use bright, "
        "single beads away from the edge.";
    if (*fault == Fault::kTooFew) text = "Drift needs at least three frames: record a series.";
    if (*fault == Fault::kNotFinite) text = "The series holds NaN or infinite values.";
    if (*fault == Fault::kSaturated) text = "All beads are saturated: lower the light.";
    if (*fault == Fault::kUnsupportedFormat) text = "The frames are not one channel of one size.";
    report.findings.push_back({std::string(Name(*fault)), Severity::kFault, text, std::nullopt});
    return report;
  }
  const std::array<double, 3> step = Steps(settings);
  for (const TrackedBead& bead : std::get<BeadTracks>(tracks).beads) {
    Object object;
    object.state = bead.rejected ? ObjectState::kRejected : ObjectState::kKept;
    object.reason = bead.rejected.value_or("");
    if (!bead.places.empty()) {
      for (std::size_t axis = 0; axis < 3; ++axis) {
        object.position_um[axis] = bead.places.front().at[axis] * step[axis];
      }
    }
    report.objects.push_back(std::move(object));
  }
  return report;
}

}  // namespace qc_metrics
