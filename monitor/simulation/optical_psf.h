#pragma once

#include <array>
#include <vector>

#include "monitor/simulation/radial_operator.h"

namespace monitor::simulation {

enum class OpticalModel {
  kBornWolf,     ///< paraxial defocus: phase k z NA^2 rho^2 / (2 n)
  kGibsonLanni,  ///< exact path lengths through immersion, coverslip and specimen
};

enum class Detection {
  kWidefield,  ///< emission alone
  kConfocal,   ///< excitation x (emission convolved with the pinhole)
};

/// Zernike coefficients (Noll's normalisation) in waves rms of the emission wavelength; the path
/// lengths are the same for the excitation.
struct Aberrations {
  double astigmatism_0 = 0.0;   ///< sqrt(6) rho^2 cos 2 phi
  double astigmatism_45 = 0.0;  ///< sqrt(6) rho^2 sin 2 phi
  double coma_x = 0.0;          ///< sqrt(8) (3 rho^3 - 2 rho) cos phi
  double coma_y = 0.0;          ///< sqrt(8) (3 rho^3 - 2 rho) sin phi
  double spherical = 0.0;       ///< sqrt(5) (6 rho^4 - 6 rho^2 + 1)
};

/// Whether the light is round about the axis.
[[nodiscard]] bool IsRound(const Aberrations& aberrations);

/// An objective, its specimen and its detection. All lengths in um.
struct Optics {
  OpticalModel model = OpticalModel::kBornWolf;
  Detection detection = Detection::kWidefield;
  double numerical_aperture = 1.4;
  double refractive_index = 1.515;  ///< of the immersion as it is
  double emission_um = 0.52;
  double excitation_um = 0.488;  ///< confocal only
  double pinhole_au = 1.0;       ///< diameter in Airy units 1.22 lambda_em / NA; 0: a point
  Aberrations aberrations{};
  // Gibson-Lanni only; the defaults are matched and free of aberration.
  double design_index = 1.515;     ///< of the immersion the objective is made for
  double specimen_index = 1.515;   ///< around the bead
  double depth_um = 0.0;           ///< of the bead below the coverslip
  double coverslip_index = 1.515;  ///< as it is
  double coverslip_um = 170.0;     ///< as it is
  double design_coverslip_index = 1.515;
  double design_coverslip_um = 170.0;
  double working_distance_um = 150.0;  ///< immersion thickness the objective is made for
};

/// The intensity of a point source, scalar diffraction theory, uniform pupil.
///
/// Method    Kirchhoff integral over the pupil, u(r, theta, z) = sum over m of 2 i^m exp(i m theta)
///           x integral of c_m(rho) exp(i psi(rho, z)) J_m(k NA rho r) rho d rho, with c_m the
///           azimuthal harmonics of the aberrated pupil and psi defocus plus Gibson-Lanni path
///           difference; Gauss-Legendre along rho, trapezoid along phi. 1 is the intensity of the
///           same pupil without aberration in focus.
/// Coordinates x right, y down, z = how much deeper into the specimen the objective is focused; the
///           axis is x = y = 0, and z = 0 is the paraxial focus of the bead.
/// Accuracy  integrals 1e-9; interpolation along r 2e-5 of the peak (25 points per shortest
/// period).
/// Source    Born and Wolf, Principles of Optics, 8.8; Gibson and Lanni, JOSA A 8, 1601 (1991),
///           whose path difference is used; confocal product after Wilson and Sheppard (1984).
class PointSource {
 public:
  /// Planes reach to `reach_um` from the axis and may be asked for up to `depth_um` from z = 0.
  PointSource(const Optics& optics, double reach_um, double depth_um);

  [[nodiscard]] RadialPlane PlaneAt(double z_um) const;
  /// The z where the wavefront is flattest.
  [[nodiscard]] double BestFocusUm() const;
  /// Rms error of the wavefront at best focus, in waves of the emission.
  [[nodiscard]] double ResidualWaves() const;
  /// Shortest axial period of the light.
  [[nodiscard]] double AxialPeriodUm() const;

 private:
  /// The pupil of one wavelength, with everything that does not depend on z.
  struct Pupil {
    double wave_number;  ///< 2 pi / lambda, per um
    double radius;       ///< largest rho that still propagates in all media
    std::vector<double> rho, weight;
    std::vector<std::array<double, 2>> path;                    ///< psi = path[0] + z path[1]
    std::vector<std::vector<std::array<double, 2>>> harmonics;  ///< [m + orders][node]
    std::vector<std::vector<double>> bessel;                    ///< [|m|][index x nodes + node]
    int orders;
  };

  [[nodiscard]] Pupil MakePupil(double wavelength_um, double reach_um, double depth_um) const;
  void FillHarmonics(Pupil& pupil) const;
  void FillBessel(Pupil& pupil) const;
  [[nodiscard]] RadialPlane Intensity(const Pupil& pupil, double z_um) const;

  Optics optics_;
  double step_um_ = 0.0;
  int count_ = 0;
  std::vector<Pupil> pupils_;            ///< emission, and for confocal the excitation
  std::vector<BandedOperator> pinhole_;  ///< by harmonic; none: a point or no pinhole
};

/// Radius of the circle averaged over by a pinhole, in the specimen.
[[nodiscard]] double PinholeRadiusUm(const Optics& optics);

}  // namespace monitor::simulation
