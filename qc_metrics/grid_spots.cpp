#include "qc_metrics/grid_spots.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace qc_metrics {
namespace {

constexpr double kNoiseSds = 8.0;
constexpr double kOfStrong = 0.2;
constexpr double kWindowSigmas = 3.0;
constexpr int kCentroidSteps = 60;
constexpr double kSettledPx = 1e-5;
constexpr std::size_t kMaxSpots = 20000;
constexpr int kCorrelationSide = 512;

float MedianOf(std::vector<float>& values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Median of blocks, drawn out to the whole image: features that fill less than half vanish.
cv::Mat BackgroundOf(const cv::Mat& image) {
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
      const int step = std::max(1, block.area() / 4096);
      for (int k = 0; k < block.area(); k += step) {
        values.push_back(image.at<float>(block.y + k / block.width, block.x + k % block.width));
      }
      medians.at<float>(j, i) = MedianOf(values);
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

/// Fixed point of the Gaussian-weighted centroid about a start; false when it runs away.
bool Centre(const cv::Mat& signal, double sigma, GridSpot& spot) {
  const int reach = static_cast<int>(std::ceil(kWindowSigmas * sigma));
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
        const double w = std::exp(-0.5 * (rx * rx + ry * ry) / (sigma * sigma));
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
  out.signal = image - BackgroundOf(image);
  cv::Mat cubes;
  cv::pow(out.signal, 3.0, cubes);
  if (cv::sum(cubes)[0] < 0.0) {
    out.polarity = Polarity::kDark;
    out.signal = -out.signal;
  }
  out.sigma_px = FeatureSigma(out.signal);
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
  // Smoothing averages about 4 pi sigma^2 pixels.
  const double least =
      kNoiseSds * grid.noise / std::sqrt(4.0 * CV_PI * grid.sigma_px * grid.sigma_px);
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
