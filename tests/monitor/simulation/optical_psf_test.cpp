#include "monitor/simulation/optical_psf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>

#include "monitor/simulation/optical_shape.h"

namespace monitor::simulation {
namespace {

constexpr double kPi = std::numbers::pi;

Optics PlainOptics() {
  Optics optics;
  optics.numerical_aperture = 1.2;
  optics.refractive_index = 1.33;
  optics.emission_um = 0.5;
  return optics;
}

/// The same integral as a plain double sum over the pupil, written from the definition.
double PupilSum(const Optics& o, double x, double y, double z) {
  constexpr int kRings = 1200, kTurns = 96;
  const double k = 2.0 * kPi / o.emission_um, na = o.numerical_aperture;
  const Aberrations& a = o.aberrations;
  std::complex<double> sum = 0.0;
  for (int i = 0; i < kRings; ++i) {
    const double rho = (i + 0.5) / kRings;
    for (int j = 0; j < kTurns; ++j) {
      const double phi = 2.0 * kPi * j / kTurns;
      const double px = rho * std::cos(phi), py = rho * std::sin(phi), square = rho * rho;
      const double waves =
          std::sqrt(6.0) *
              (a.astigmatism_0 * (px * px - py * py) + a.astigmatism_45 * 2 * px * py) +
          std::sqrt(8.0) * (3.0 * square - 2.0) * (a.coma_x * px + a.coma_y * py) +
          std::sqrt(5.0) * a.spherical * (6.0 * square * square - 6.0 * square + 1.0);
      const double phase = k * z * na * na * square / (2.0 * o.refractive_index) +
                           2.0 * kPi * waves + k * na * (px * x + py * y);
      sum += std::polar(rho / kRings * 2.0 / kTurns, phase);
    }
  }
  return std::norm(sum);
}

TEST(OpticalPsf, FocalPlaneIsAiryPattern) {
  const Optics o = PlainOptics();
  const RadialPlane plane = PointSource(o, 2.0, 0.0).PlaneAt(0.0);
  for (double r = 0.01; r < 1.9; r += 0.013) {
    const double v = 2.0 * kPi * o.numerical_aperture * r / o.emission_um;
    EXPECT_NEAR(plane.At(0.0, r), std::pow(2.0 * std::cyl_bessel_j(1.0, v) / v, 2), 2e-6) << r;
  }
  EXPECT_NEAR(plane.At(0.0, 0.0), 1.0, 1e-9);
  EXPECT_NEAR(plane.At(0.609835 * o.emission_um / o.numerical_aperture, 0.0), 0.0, 1e-8);
}

TEST(OpticalPsf, AxisIsSquaredSinc) {
  const Optics o = PlainOptics();
  const PointSource source(o, 0.2, 4.0);
  for (double z = -4.0; z < 4.0; z += 0.17) {
    const double u = kPi * o.numerical_aperture * o.numerical_aperture * z /
                     (2.0 * o.refractive_index * o.emission_um);
    const double sinc = u == 0.0 ? 1.0 : std::sin(u) / u;
    EXPECT_NEAR(source.PlaneAt(z).At(0.0, 0.0), sinc * sinc, 1e-9) << z;
  }
}

TEST(OpticalPsf, AberratedPlaneIsThePupilSum) {
  Optics o = PlainOptics();
  o.aberrations = {.astigmatism_0 = 0.05,
                   .astigmatism_45 = -0.04,
                   .coma_x = 0.09,
                   .coma_y = -0.06,
                   .spherical = 0.07};
  const PointSource source(o, 1.2, 1.0);
  for (const double z : {-0.6, 0.0, 0.45}) {
    const RadialPlane plane = source.PlaneAt(z);
    for (const auto& [x, y] : {std::pair{0.0, 0.0}, {0.13, 0.05}, {-0.21, 0.4}, {-0.07, -0.3}}) {
      EXPECT_NEAR(plane.At(x, y), PupilSum(o, x, y, z), 3e-6) << x << " " << y << " " << z;
    }
  }
}

TEST(OpticalPsf, EveryPlaneHasTheSameEnergy) {
  // The Airy pattern keeps 1 - J0^2 - J1^2 of its light within r; with defocus and coma the same
  // light lies in a wider spot, so planes agree within that tail.
  Optics o = PlainOptics();
  o.aberrations.coma_x = 0.1;
  const PointSource source(o, 12.0, 1.5);
  const double whole = o.emission_um * o.emission_um / (kPi * std::pow(o.numerical_aperture, 2));
  for (const double z : {0.0, 0.7, 1.5}) {
    const RadialPlane plane = source.PlaneAt(z);
    double sum = 0.0;
    for (std::size_t i = 0; i < plane.re[0].size(); ++i) {
      sum += 2.0 * kPi * static_cast<double>(i) * plane.step_um * plane.step_um * plane.re[0][i];
    }
    EXPECT_NEAR(sum / whole, 1.0, 0.01) << z;
  }
}

TEST(OpticalPsf, MatchedGibsonLanniOfLowApertureIsBornWolf) {
  Optics o = PlainOptics();
  o.numerical_aperture = 0.2;
  o.refractive_index = o.design_index = 1.515;
  const PointSource paraxial(o, 5.0, 60.0);
  o.model = OpticalModel::kGibsonLanni;
  const PointSource exact(o, 5.0, 60.0);
  for (const double z : {-50.0, -11.0, 0.0, 17.0}) {
    for (const double r : {0.0, 0.7, 3.1}) {
      EXPECT_NEAR(exact.PlaneAt(z).At(r, 0.0), paraxial.PlaneAt(z).At(r, 0.0), 4e-3)
          << z << " " << r;
    }
  }
}

TEST(OpticalPsf, MatchedGibsonLanniIsSymmetricAboutFocus) {
  Optics o = PlainOptics();
  o.model = OpticalModel::kGibsonLanni;
  o.numerical_aperture = 1.4;
  o.refractive_index = 1.515;
  o.depth_um = 8.0;  // in a matched specimen depth does nothing
  const PointSource source(o, 1.0, 2.0);
  EXPECT_NEAR(source.BestFocusUm(), 0.0, 1e-6);
  EXPECT_NEAR(source.ResidualWaves(), 0.0, 1e-6);
  EXPECT_NEAR(source.PlaneAt(0.4).At(0.1, 0.0), source.PlaneAt(-0.4).At(0.1, 0.0), 1e-9);
}

TEST(OpticalPsf, DeepBeadInWaterUnderOilFocusesBeforeAndLosesLight) {
  // Paraxial theory moves focus by nothing (z = 0 is the paraxial focus); the marginal rays, which
  // hold most of the light, focus where the objective is turned further in.
  Optics o;
  o.model = OpticalModel::kGibsonLanni;
  o.numerical_aperture = 1.2;
  o.specimen_index = 1.33;
  o.depth_um = 5.0;
  const ShapeTruth truth = TruthOfBead(o, 0.0);
  EXPECT_LT(truth.strehl, 0.8);
  EXPECT_GT(std::abs(truth.maximum_um[2]), 0.2);
  EXPECT_GT(std::abs(truth.side_um[2][0] / truth.side_um[2][1] - 1.0), 0.02);
  EXPECT_NEAR(truth.fwhm_um[0], truth.fwhm_um[1], 1e-6);
}

TEST(OpticalTruth, WidthsOfAPointAreTheClosedForms) {
  const Optics o = PlainOptics();
  const ShapeTruth truth = TruthOfBead(o, 0.0);
  // Roots of 2 J1(v)/v = sqrt(1/2) and sinc(u) = sqrt(1/2).
  const double lateral = 2.0 * 1.61633995 * o.emission_um / (2.0 * kPi * o.numerical_aperture);
  const double axial = 2.0 * 1.39155738 * 2.0 * o.refractive_index * o.emission_um /
                       (kPi * std::pow(o.numerical_aperture, 2));
  EXPECT_NEAR(truth.fwhm_um[0], lateral, 1e-5 * lateral);
  EXPECT_NEAR(truth.fwhm_um[1], lateral, 1e-5 * lateral);
  EXPECT_NEAR(truth.fwhm_um[2], axial, 1e-5 * axial);
  EXPECT_NEAR(truth.fwhm_um[0], 0.5145 * o.emission_um / o.numerical_aperture, 2e-4);
  EXPECT_NEAR(truth.strehl, 1.0, 1e-9);
  for (const double offset : truth.maximum_um) EXPECT_NEAR(offset, 0.0, 1e-5);
}

TEST(OpticalTruth, ComaMovesTheMaximumAlongItsDirection) {
  Optics o = PlainOptics();
  o.aberrations.coma_x = 0.08;
  const ShapeTruth along_x = TruthOfBead(o, 0.1);
  o.aberrations = {};
  o.aberrations.coma_y = 0.08;
  const ShapeTruth along_y = TruthOfBead(o, 0.1);
  EXPECT_GT(std::abs(along_x.maximum_um[0]), 0.002);
  EXPECT_NEAR(along_x.maximum_um[1], 0.0, 1e-5);
  EXPECT_NEAR(along_x.maximum_um[0], along_y.maximum_um[1], 1e-5);
  EXPECT_NEAR(along_x.fwhm_um[0], along_y.fwhm_um[1], 2e-5);
  EXPECT_GT(std::abs(along_x.side_um[0][0] / along_x.side_um[0][1] - 1.0), 0.01);
}

TEST(OpticalTruth, ConfocalWithAPointPinholeIsTheProduct) {
  Optics o = PlainOptics();
  o.detection = Detection::kConfocal;
  o.excitation_um = o.emission_um;
  o.pinhole_au = 0.0;
  double low = 1.0, high = 1.4;  // the square of the Airy pattern is one half between
  for (int i = 0; i < 50; ++i) {
    const double v = 0.5 * (low + high);
    (std::pow(2.0 * std::cyl_bessel_j(1.0, v) / v, 4) > 0.5 ? low : high) = v;
  }
  const double lateral = low * o.emission_um / (kPi * o.numerical_aperture);
  EXPECT_NEAR(TruthOfBead(o, 0.0).fwhm_um[0], lateral, 1e-4 * lateral);
  o.pinhole_au = 5.0;  // an open pinhole leaves the excitation alone
  o.excitation_um = 0.45;
  const double wide = 2.0 * 1.61633995 * 0.45 / (2.0 * kPi * o.numerical_aperture);
  EXPECT_NEAR(TruthOfBead(o, 0.0).fwhm_um[0], wide, 0.02 * wide);
}

}  // namespace
}  // namespace monitor::simulation
