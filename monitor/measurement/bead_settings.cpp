#include "monitor/measurement/bead_settings.h"

namespace monitor::measurement {
namespace {

std::optional<qc_metrics::Modality> ModalityOf(const Setup& setup) {
  using qc_metrics::Modality;
  const std::optional<std::string> word = setup.Text("modality");
  if (!word) return std::nullopt;
  if (*word == "widefield") return Modality::kWidefield;
  if (*word == "confocal") return Modality::kConfocal;
  if (*word == "spinning_disk") return Modality::kSpinningDisk;
  if (*word == "two_photon") return Modality::kTwoPhoton;
  if (*word == "light_sheet") return Modality::kLightSheet;
  return Modality::kOther;
}

std::optional<double> OfChannel(const Setup& setup, std::string_view key,
                                const ChannelPlace& place) {
  const bool through_all = setup.Number(key, place.file_channels).has_value();
  return setup.Number(key, through_all ? place.channel : place.file_channel);
}

}  // namespace

qc_metrics::PsfSettings BeadSettingsOf(Setup& setup, const ChannelPlace& place) {
  const double x_um = setup.Needed("pixel_size_x_um");
  const double y_um = setup.Needed("pixel_size_y_um");
  const double z_um = setup.Needed("z_step_um");
  const bool aperture = setup.ApertureIsPossible();
  return {
      .pixel_size_x_um = x_um,
      .pixel_size_y_um = y_um,
      .z_step_um = z_um,
      .optics = {.modality = ModalityOf(setup),
                 .numerical_aperture = aperture ? setup.Number("numerical_aperture") : std::nullopt,
                 .refractive_index = aperture ? setup.Number("refractive_index") : std::nullopt,
                 .excitation_nm = OfChannel(setup, "excitation_nm", place),
                 .emission_nm = OfChannel(setup, "emission_nm", place),
                 .pinhole_au = OfChannel(setup, "pinhole_au", place)},
      .camera_offset_adu = setup.Number("camera_offset_adu"),
      .gain_e_per_adu = setup.Number("gain_e_per_adu"),
      .read_noise_e = setup.Number("read_noise_e"),
      .saturation_adu = setup.Number("saturation_adu"),
      .bead_diameter_um = setup.Number("bead_diameter_um"),
      .scan_axis =
          setup.Text("scan_axis") == "y" ? qc_metrics::ScanAxis::kY : qc_metrics::ScanAxis::kX};
}

}  // namespace monitor::measurement
