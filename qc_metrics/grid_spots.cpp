#include "qc_metrics/grid_spots.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace qc_metrics {
namespace {

constexpr double kNoiseSds = 8.0;
constexpr double kOfStrong = 0.2;
// (1 - r^2 / 9 sigma^2)^4 is half as high where a Gaussian of sigma is, but comes down to zero
// smoothly: a Gaussian that ends somewhere favours the side on which the next pixel still counts,
// and a line that leaves the window pulls the centre there.
constexpr double kRimSigmas = 3.0;
constexpr int kRimPower = 4;
constexpr int kCentroidSteps = 60;
constexpr double kSettledPx = 1e-5;
constexpr std::size_t kMaxSpots = 20000;
constexpr int kCorrelationSide = 512;
constexpr int kMostSamples = 4096;   // of a block of the background
constexpr double kLeastBare = 0.05;  // share of a block
constexpr std::size_t kMostHeights = 40000;
constexpr double kCoveredSds = 3.0;
constexpr int kBackgroundRounds = 3;

float MedianOf(std::vector<float>& values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Median of the pixels of blocks that are not `covered`, drawn out to the whole image. A block
/// with too few of them takes all its pixels: features that fill less than half vanish.
cv::Mat BackgroundOf(const cv::Mat& image, const cv::Mat& covered) {
  constexpr int kBlocks = 6;
  const int nx = std::clamp(image.cols / 40, 1, kBlocks);
  const int ny = std::clamp(image.rows / 40, 1, kBlocks);
  cv::Mat medians(ny, nx, CV_32F);
  for (int j = 0; j < ny; ++j) {
    for (int i = 0; i < nx; ++i) {
      const cv::Point from(i * image.cols / nx, j * image.rows / ny);
      const cv::Point to((i + 1) * image.cols / nx, (j + 1) * image.rows / ny);
      const cv::Rect block(from, to);
      std::vector<float> values;
      std::vector<float> bare;
      const int step = std::max(1, block.area() / kMostSamples);
      for (int k = 0; k < block.area(); k += step) {
        const cv::Point at(block.x + k % block.width, block.y + k / block.width);
        values.push_back(image.at<float>(at));
        if (covered.at<uchar>(at) == 0) bare.push_back(values.back());
      }
      const bool enough =
          kLeastBare * static_cast<double>(values.size()) < static_cast<double>(bare.size());
      medians.at<float>(j, i) = MedianOf(enough ? bare : values);
    }
  }
  cv::Mat smooth;
  cv::resize(medians, smooth, image.size(), 0, 0, cv::INTER_LINEAR);
  return smooth;
}

/// Robust SD of one pixel from differences of diagonal neighbours, which lines share least.
double NoiseOf(const cv::Mat& image) {
  std::vector<float> differences;
  const int step =
      std::max(1, static_cast<int>(std::sqrt(static_cast<double>(image.total()) / 40000.0)));
  for (int y = 1; y < image.rows; y += step) {
    for (int x = 1; x < image.cols; x += step) {
      differences.push_back(std::abs(image.at<float>(y, x) - image.at<float>(y - 1, x - 1)));
    }
  }
  return 1.4826 / std::sqrt(2.0) * static_cast<double>(MedianOf(differences));
}

/// Sigma of the narrowest feature: half width of the autocorrelation where it falls fastest. The
/// power at zero shift is not used, noise adds to it.
double FeatureSigma(const cv::Mat& signal) {
  const int side = std::min({kCorrelationSide, signal.cols, signal.rows});
  const cv::Rect middle((signal.cols - side) / 2, (signal.rows - side) / 2, side, side);
  cv::Mat padded = cv::Mat::zeros(2 * side, 2 * side, CV_32F);
  const cv::Mat part = signal(middle) - cv::mean(signal(middle))[0];
  part.copyTo(padded(cv::Rect(0, 0, side, side)));
  cv::Mat spectrum;
  cv::dft(padded, spectrum, cv::DFT_COMPLEX_OUTPUT);
  cv::mulSpectrums(spectrum, spectrum, spectrum, 0, true);
  cv::Mat correlation;
  cv::dft(spectrum, correlation, cv::DFT_INVERSE | cv::DFT_REAL_OUTPUT);
  const auto at = [&](double x, double y) {
    const int px = (cvRound(x) + 2 * side) % (2 * side);
    const int py = (cvRound(y) + 2 * side) % (2 * side);
    return static_cast<double>(correlation.at<float>(py, px));
  };
  const double near = 0.25 * (at(1, 0) + at(0, 1) + at(-1, 0) + at(0, -1));
  double narrowest = 0.25 * side;
  for (int direction = 0; direction < 12; ++direction) {
    const double angle = CV_PI * direction / 12.0;
    for (double r = 1.0; r < narrowest; r += 0.25) {
      if (at(r * std::cos(angle), r * std::sin(angle)) < 0.5 * near) {
        narrowest = r;
        break;
      }
    }
  }
  // The autocorrelation of a Gaussian is sqrt(2) wider; its half width is 1.1774 sigma.
  return std::clamp(narrowest / (1.1774 * std::sqrt(2.0)), 0.8, 0.1 * side);
}

/// SD of a pixel smoothed by the feature's size, which averages about 4 pi sigma^2 of them.
double SmoothedNoise(const GridImage& grid) {
  return grid.noise / std::sqrt(4.0 * CV_PI * grid.sigma_px * grid.sigma_px);
}

/// Pixels of features, which lift a median by what they cover of its block: that differs from block
/// to block and pulls centres along. A quarter of the image is bare at least: between wide features
/// the same heights are left in every block.
cv::Mat CoveredBy(const GridImage& grid) {
  cv::Mat smooth;
  cv::GaussianBlur(grid.signal, smooth, cv::Size(), grid.sigma_px, grid.sigma_px,
                   cv::BORDER_REFLECT_101);
  std::vector<float> heights;
  const auto step = static_cast<int>(1 + smooth.total() / kMostHeights);
  for (int k = 0; k < static_cast<int>(smooth.total()); k += step) {
    heights.push_back(smooth.at<float>(k / smooth.cols, k % smooth.cols));
  }
  const auto quarter = heights.begin() + std::ssize(heights) / 4;
  std::nth_element(heights.begin(), quarter, heights.end());
  return smooth > std::max(kCoveredSds * SmoothedNoise(grid), static_cast<double>(*quarter));
}

/// Fixed point of the weighted centroid about a start; false when it runs away.
bool Centre(const cv::Mat& signal, double sigma, GridSpot& spot) {
  const double rim = kRimSigmas * sigma;
  const int reach = static_cast<int>(std::ceil(rim + 0.5));
  const double x0 = spot.x_px;
  const double y0 = spot.y_px;
  for (int step = 0; step < kCentroidSteps; ++step) {
    const int cx = cvRound(spot.x_px);
    const int cy = cvRound(spot.y_px);
    if (cx < reach || cy < reach || cx >= signal.cols - reach || cy >= signal.rows - reach) {
      return false;
    }
    double sum = 0.0;
    double dx = 0.0;
    double dy = 0.0;
    double weights = 0.0;
    for (int y = cy - reach; y <= cy + reach; ++y) {
      const float* row = signal.ptr<float>(y);
      const double ry = y - spot.y_px;
      for (int x = cx - reach; x <= cx + reach; ++x) {
        const double rx = x - spot.x_px;
        const double left = std::max(0.0, 1.0 - (rx * rx + ry * ry) / (rim * rim));
        const double w = std::pow(left, kRimPower);
        sum += w * static_cast<double>(row[x]);
        dx += w * static_cast<double>(row[x]) * rx;
        dy += w * static_cast<double>(row[x]) * ry;
        weights += w;
      }
    }
    if (!(sum > 0.0)) return false;
    // A feature as wide as the weight moves its centroid half as far as it is off.
    spot.x_px += 1.8 * dx / sum;
    spot.y_px += 1.8 * dy / sum;
    spot.height = sum / weights;
    if (std::hypot(spot.x_px - x0, spot.y_px - y0) > 2.0 * sigma + 1.0) return false;
    if (std::hypot(dx, dy) < kSettledPx * sum) return true;
  }
  return false;
}

}  // namespace

GridImage PrepareGrid(const cv::Mat& image) {
  GridImage out;
  out.noise = NoiseOf(image);
  out.signal = image - BackgroundOf(image, cv::Mat::zeros(image.size(), CV_8U));
  cv::Mat cubes;
  cv::pow(out.signal, 3.0, cubes);
  out.polarity = cv::sum(cubes)[0] < 0.0 ? Polarity::kDark : Polarity::kBright;
  const double sign = out.polarity == Polarity::kDark ? -1.0 : 1.0;
  out.signal *= sign;
  out.sigma_px = FeatureSigma(out.signal);
  for (int round = 0; round < kBackgroundRounds; ++round) {
    out.signal = sign * (image - BackgroundOf(image, CoveredBy(out)));
  }
  return out;
}

std::vector<GridSpot> FindGridSpots(const GridImage& grid) {
  cv::Mat smooth;
  cv::GaussianBlur(grid.signal, smooth, cv::Size(), grid.sigma_px, grid.sigma_px,
                   cv::BORDER_REFLECT_101);
  const int radius = std::max(1, cvRound(1.5 * grid.sigma_px));
  cv::Mat highest;
  cv::dilate(smooth, highest,
             cv::getStructuringElement(cv::MORPH_RECT, cv::Size(2 * radius + 1, 2 * radius + 1)));
  const double least = kNoiseSds * SmoothedNoise(grid);
  std::vector<GridSpot> maxima;
  for (int y = 0; y < smooth.rows; ++y) {
    for (int x = 0; x < smooth.cols; ++x) {
      const auto value = static_cast<double>(smooth.at<float>(y, x));
      if (smooth.at<float>(y, x) == highest.at<float>(y, x) && value > least) {
        maxima.push_back({static_cast<double>(x), static_cast<double>(y), value});
      }
    }
  }
  const auto stronger = [](const GridSpot& a, const GridSpot& b) { return a.height > b.height; };
  std::sort(maxima.begin(), maxima.end(), stronger);
  if (maxima.size() > kMaxSpots) maxima.resize(kMaxSpots);
  std::vector<GridSpot> spots;
  if (maxima.empty()) return spots;
  const double strong = maxima[maxima.size() / 10].height;
  for (GridSpot spot : maxima) {
    if (spot.height > kOfStrong * strong && Centre(grid.signal, grid.sigma_px, spot)) {
      spots.push_back(spot);
    }
  }
  std::sort(spots.begin(), spots.end(), stronger);
  return spots;
}

}  // namespace qc_metrics
