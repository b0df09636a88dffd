#include "monitor/simulation/optical_psf.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

namespace monitor::simulation {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kPointsPerPeriod = 25.0;  // of the finest structure along r
constexpr int kMostOrders = 24;
constexpr int kAzimuths = 128;
constexpr double kNegligible = 1e-6;  // of the pupil: harmonics below are dropped

/// J_0 .. J_orders of one argument by Miller's downward recurrence.
void BesselRow(double x, int orders, std::vector<double>& out) {
  out.assign(static_cast<std::size_t>(orders) + 1, 0.0);
  if (x < 1e-12) {
    out[0] = 1.0;
    return;
  }
  const int start =
      2 * ((std::max(orders, static_cast<int>(x)) + 24 + static_cast<int>(4.0 * std::cbrt(x))) / 2);
  double above = 0.0, here = 1e-280, sum = 0.0;
  for (int m = start; m >= 0; --m) {
    if (m <= orders) out[static_cast<std::size_t>(m)] = here;
    if (m % 2 == 0) sum += (m == 0 ? 1.0 : 2.0) * here;
    const double below = 2.0 * m / x * here - above;
    above = here;
    here = below;
    if (std::abs(here) > 1e200) {
      for (double& value : out) value *= 1e-200;
      here *= 1e-200, above *= 1e-200, sum *= 1e-200;
    }
  }
  for (double& value : out) value /= sum;
}

double Cosine(double sine) { return std::sqrt(std::max(0.0, 1.0 - sine * sine)); }

/// Path difference of Gibson and Lanni without its defocus, minus its value on the axis.
double SpecimenPath(const Optics& o, double rho) {
  const auto at = [&](double s) {
    const auto c = [&](double index) { return Cosine(s / index); };
    const double immersion =
        o.refractive_index *
        (o.design_coverslip_um / o.design_coverslip_index - o.coverslip_um / o.coverslip_index +
         o.working_distance_um / o.design_index - o.depth_um / o.specimen_index);
    return o.specimen_index * o.depth_um * c(o.specimen_index) +
           o.coverslip_index * o.coverslip_um * c(o.coverslip_index) -
           o.design_coverslip_index * o.design_coverslip_um * c(o.design_coverslip_index) +
           o.refractive_index * immersion * c(o.refractive_index) -
           o.design_index * o.working_distance_um * c(o.design_index);
  };
  return at(o.numerical_aperture * rho) - at(0.0);
}

/// Path difference a um of defocus, minus its value on the axis.
double DefocusPath(const Optics& o, double rho) {
  const double s = o.numerical_aperture * rho / o.refractive_index;
  if (o.model == OpticalModel::kBornWolf) return 0.5 * o.refractive_index * s * s;
  return o.refractive_index * (1.0 - Cosine(s));
}

double RadialWaves(const Aberrations& a, double rho) {
  const double square = rho * rho;
  return std::sqrt(5.0) * a.spherical * (6.0 * square * square - 6.0 * square + 1.0);
}

double AzimuthalWaves(const Aberrations& a, double rho, double phi) {
  return std::sqrt(6.0) * rho * rho *
             (a.astigmatism_0 * std::cos(2.0 * phi) + a.astigmatism_45 * std::sin(2.0 * phi)) +
         std::sqrt(8.0) * (3.0 * rho * rho - 2.0) * rho *
             (a.coma_x * std::cos(phi) + a.coma_y * std::sin(phi));
}

double LargestRho(const Optics& o) {
  double least = o.refractive_index;
  if (o.model == OpticalModel::kGibsonLanni) {
    least = std::min({least, o.design_index, o.coverslip_index, o.design_coverslip_index,
                      o.depth_um > 0.0 ? o.specimen_index : least});
  }
  return std::min(1.0, least / o.numerical_aperture);
}

double Waves(const Aberrations& a) {
  return std::abs(a.astigmatism_0) + std::abs(a.astigmatism_45) + std::abs(a.coma_x) +
         std::abs(a.coma_y) + std::abs(a.spherical);
}

}  // namespace

bool IsRound(const Aberrations& a) {
  return a.astigmatism_0 == 0.0 && a.astigmatism_45 == 0.0 && a.coma_x == 0.0 && a.coma_y == 0.0;
}

double PinholeRadiusUm(const Optics& optics) {
  return 0.61 * optics.pinhole_au * optics.emission_um / optics.numerical_aperture;
}

PointSource::PointSource(const Optics& optics, double reach_um, double depth_um) : optics_(optics) {
  const bool confocal = optics.detection == Detection::kConfocal;
  const double shortest =
      confocal ? 1.0 / (1.0 / optics.emission_um + 1.0 / optics.excitation_um) : optics.emission_um;
  step_um_ = shortest / (2.0 * optics.numerical_aperture * kPointsPerPeriod);
  count_ = static_cast<int>(std::ceil(reach_um / step_um_)) + 4;
  pupils_.push_back(MakePupil(optics.emission_um, reach_um, depth_um));
  if (!confocal) return;
  pupils_.push_back(MakePupil(optics.excitation_um, reach_um, depth_um));
  if (optics.pinhole_au <= 0.0) return;
  for (int q = 0; q <= 2 * pupils_[0].orders; ++q) {
    pinhole_.emplace_back(count_, q);
    pinhole_.back().AddDisk(PinholeRadiusUm(optics) / step_um_, 1.0);
  }
}

PointSource::Pupil PointSource::MakePupil(double wavelength_um, double reach_um,
                                          double depth_um) const {
  Pupil pupil{};
  pupil.wave_number = 2.0 * kPi / wavelength_um;
  pupil.radius = LargestRho(optics_);
  const bool layered = optics_.model == OpticalModel::kGibsonLanni;
  const double edge = pupil.radius;
  double span = optics_.numerical_aperture * reach_um + depth_um * DefocusPath(optics_, edge) +
                6.0 * Waves(optics_.aberrations) * optics_.emission_um;
  if (layered) span += std::abs(SpecimenPath(optics_, edge));
  const int nodes = 32 + static_cast<int>(0.65 * pupil.wave_number * span);
  const Quadrature rule = GaussLegendre(nodes);
  for (int j = 0; j < nodes; ++j) {
    const auto at = static_cast<std::size_t>(j);
    // rho = edge sin(t) crowds the nodes where the exact path bends most, at the pupil's edge.
    const double t = 0.25 * kPi * (rule.node[at] + 1.0);
    const double rho = edge * std::sin(t);
    pupil.rho.push_back(rho);
    pupil.weight.push_back(0.25 * kPi * rule.weight[at] * edge * std::cos(t) * rho * 2.0);
    const double fixed = (layered ? SpecimenPath(optics_, rho) : 0.0) +
                         RadialWaves(optics_.aberrations, rho) * optics_.emission_um;
    pupil.path.push_back(
        {pupil.wave_number * fixed, pupil.wave_number * DefocusPath(optics_, rho)});
  }
  FillHarmonics(pupil);
  FillBessel(pupil);
  return pupil;
}

void PointSource::FillHarmonics(Pupil& pupil) const {
  using Complex = std::complex<double>;
  const Aberrations& a = optics_.aberrations;
  const int most = IsRound(a) ? 0 : kMostOrders;
  pupil.orders = 0;
  pupil.harmonics.assign(static_cast<std::size_t>(2 * most + 1),
                         std::vector<std::array<double, 2>>(pupil.rho.size()));
  for (std::size_t j = 0; j < pupil.rho.size(); ++j) {
    std::vector<Complex> wave(kAzimuths);
    for (int p = 0; p < kAzimuths; ++p) {
      const double waves = AzimuthalWaves(a, pupil.rho[j], 2.0 * kPi * p / kAzimuths);
      wave[static_cast<std::size_t>(p)] =
          std::polar(1.0, pupil.wave_number * optics_.emission_um * waves);
    }
    for (int m = -most; m <= most; ++m) {
      Complex sum = 0.0;
      for (int p = 0; p < kAzimuths; ++p) {
        sum += wave[static_cast<std::size_t>(p)] * std::polar(1.0, -2.0 * kPi * m * p / kAzimuths);
      }
      sum *= std::pow(Complex(0.0, 1.0), m) / static_cast<double>(kAzimuths);
      if (m < 0 && m % 2 != 0) sum = -sum;  // J_-m = (-1)^m J_m
      if (std::abs(sum) > kNegligible) pupil.orders = std::max(pupil.orders, std::abs(m));
      pupil.harmonics[static_cast<std::size_t>(m + most)][j] = {sum.real(), sum.imag()};
    }
  }
  const int cut = most - pupil.orders;
  pupil.harmonics.erase(pupil.harmonics.begin(), pupil.harmonics.begin() + cut);
  pupil.harmonics.erase(pupil.harmonics.end() - cut, pupil.harmonics.end());
}

void PointSource::FillBessel(Pupil& pupil) const {
  const std::size_t nodes = pupil.rho.size();
  pupil.bessel.assign(static_cast<std::size_t>(pupil.orders) + 1,
                      std::vector<double>(static_cast<std::size_t>(count_) * nodes));
  std::vector<double> row;
  const double scale = pupil.wave_number * optics_.numerical_aperture * step_um_;
  for (int i = 0; i < count_; ++i) {
    for (std::size_t j = 0; j < nodes; ++j) {
      BesselRow(scale * i * pupil.rho[j], pupil.orders, row);
      for (std::size_t m = 0; m < row.size(); ++m) {
        pupil.bessel[m][static_cast<std::size_t>(i) * nodes + j] = row[m];
      }
    }
  }
}

RadialPlane PointSource::Intensity(const Pupil& pupil, double z_um) const {
  const std::size_t nodes = pupil.rho.size();
  const auto count = static_cast<std::size_t>(count_);
  const int orders = pupil.orders;
  std::vector<std::vector<std::complex<double>>> field;
  std::vector<double> re(nodes), im(nodes);
  for (int m = -orders; m <= orders; ++m) {
    for (std::size_t j = 0; j < nodes; ++j) {
      const auto& c = pupil.harmonics[static_cast<std::size_t>(m + orders)][j];
      const double psi = pupil.path[j][0] + z_um * pupil.path[j][1];
      const double cosine = pupil.weight[j] * std::cos(psi);
      const double sine = pupil.weight[j] * std::sin(psi);
      re[j] = c[0] * cosine - c[1] * sine;
      im[j] = c[0] * sine + c[1] * cosine;
    }
    std::vector<std::complex<double>> values(count);
    const auto& bessel = pupil.bessel[static_cast<std::size_t>(std::abs(m))];
    for (std::size_t i = 0; i < count; ++i) {
      const double* j_m = bessel.data() + i * nodes;
      double real = 0.0, imaginary = 0.0;
      for (std::size_t j = 0; j < nodes; ++j) {
        real += re[j] * j_m[j];
        imaginary += im[j] * j_m[j];
      }
      values[i] = {real, imaginary};
    }
    field.push_back(std::move(values));
  }
  return SquaredModulus(field, orders, step_um_);
}

double PointSource::BestFocusUm() const {
  // Weighted least squares of the path against defocus: the flattest wavefront.
  const Pupil& p = pupils_[0];
  double w = 0.0, sx = 0.0, sy = 0.0, sxx = 0.0, sxy = 0.0;
  for (std::size_t j = 0; j < p.rho.size(); ++j) {
    const double x = p.path[j][1], y = p.path[j][0];
    w += p.weight[j];
    sx += p.weight[j] * x;
    sy += p.weight[j] * y;
    sxx += p.weight[j] * x * x;
    sxy += p.weight[j] * x * y;
  }
  return -(sxy - sx * sy / w) / (sxx - sx * sx / w);
}

double PointSource::ResidualWaves() const {
  const Pupil& p = pupils_[0];
  const double z = BestFocusUm();
  double w = 0.0, sum = 0.0, squares = 0.0;
  for (std::size_t j = 0; j < p.rho.size(); ++j) {
    const double psi = p.path[j][0] + z * p.path[j][1];
    w += p.weight[j];
    sum += p.weight[j] * psi;
    squares += p.weight[j] * psi * psi;
  }
  const double radial = std::sqrt(std::max(0.0, squares / w - sum * sum / (w * w))) / (2.0 * kPi);
  const Aberrations& a = optics_.aberrations;
  return std::hypot(radial, std::hypot(a.astigmatism_0, a.astigmatism_45),
                    std::hypot(a.coma_x, a.coma_y));
}

double PointSource::AxialPeriodUm() const {
  const double finest = optics_.detection == Detection::kConfocal
                            ? 1.0 / optics_.emission_um + 1.0 / optics_.excitation_um
                            : 1.0 / optics_.emission_um;
  return 1.0 / (finest * DefocusPath(optics_, LargestRho(optics_)));
}

RadialPlane PointSource::PlaneAt(double z_um) const {
  RadialPlane emission = Intensity(pupils_[0], z_um);
  if (optics_.detection == Detection::kWidefield) return emission;
  for (std::size_t q = 0; q < emission.re.size() && !pinhole_.empty(); ++q) {
    emission.re[q] = pinhole_[q].Apply(emission.re[q]);
    emission.im[q] = pinhole_[q].Apply(emission.im[q]);
  }
  return Product(Intensity(pupils_[1], z_um), emission);
}

}  // namespace monitor::simulation
