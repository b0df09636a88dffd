#include "monitor/measurement/psf_pictures_of.h"

#include <algorithm>
#include <utility>

#include "monitor/report/psf_pictures.h"

namespace monitor::measurement {
namespace {

std::vector<report::BeadMark> Marks(const qc_metrics::PsfField& field) {
  std::vector<report::BeadMark> marks;
  for (const qc_metrics::PsfBead& bead : field.beads) {
    marks.push_back({bead.position_px[0], bead.position_px[1], !bead.rejected});
  }
  return marks;
}

report::BeadFrame FrameOf(const qc_metrics::PsfSettings& settings,
                          const qc_metrics::GaussianBead& bead) {
  report::BeadFrame frame;
  frame.pixel_um = {settings.pixel_size_x_um, settings.pixel_size_y_um, settings.z_step_um};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    frame.centre_px[axis] = bead.centre_px[axis].value;
    frame.fwhm_px[axis] = bead.fwhm_um[axis].value / frame.pixel_um[axis];
  }
  return frame;
}

report::Picture Profiles(const qc_metrics::Stack& stack, const qc_metrics::PsfSettings& settings,
                         const qc_metrics::PsfBead& bead) {
  constexpr std::array<const char*, 3> kAxes = {"x", "y", "z"};
  std::vector<report::BeadProfile> profiles;
  std::size_t axis = 0;
  for (qc_metrics::AxisProfile& profile : qc_metrics::BeadProfiles(stack, settings, bead)) {
    profiles.push_back({kAxes[axis++], std::move(profile.position_um), std::move(profile.data_adu),
                        std::move(profile.fitted_adu)});
  }
  return report::ProfilePicture(profiles, "etalon.gauss3d/1");
}

}  // namespace

std::vector<report::Picture> PsfPicturesOf(const qc_metrics::Stack& stack,
                                           const qc_metrics::PsfSettings& settings,
                                           const qc_metrics::PsfField& field) {
  std::vector<report::Picture> pictures;
  const auto kept =
      std::find_if(field.beads.begin(), field.beads.end(),
                   [](const qc_metrics::PsfBead& bead) { return !bead.rejected && bead.gaussian; });
  if (kept != field.beads.end()) {
    pictures = report::BeadProjections(stack, FrameOf(settings, *kept->gaussian),
                                       "the brightest kept bead");
    pictures.push_back(Profiles(stack, settings, *kept));
  }
  pictures.push_back(report::BeadField(stack, Marks(field), settings.pixel_size_x_um));
  return pictures;
}

}  // namespace monitor::measurement
