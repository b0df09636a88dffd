#include "monitor/measurement/psf_pictures_of.h"

#include <algorithm>
#include <string>
#include <utility>

#include "monitor/report/psf_map_pictures.h"
#include "monitor/report/psf_pictures.h"
#include "qc_metrics/psf_field_map.h"

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

/// The mean bead in the three projections: for people, who see in it what one bead's noise hides.
void AddAverage(const qc_metrics::PsfSettings& settings, const qc_metrics::AveragedPsf& average,
                std::vector<report::Picture>& pictures) {
  if (!average.gaussian) return;
  report::BeadFrame frame = FrameOf(settings, *average.gaussian);
  for (std::size_t axis = 0; axis < 3; ++axis) frame.centre_px[axis] += average.middle[axis];
  const std::string what = "the mean of " + std::to_string(average.beads) +
                           (average.beads == 1 ? " bead" : " beads") + ", for people";
  for (report::Picture& picture : report::BeadProjections(average.stack, frame, what)) {
    picture.name.replace(0, std::string("psf").size(), "psf_average");
    pictures.push_back(std::move(picture));
  }
}

}  // namespace

std::vector<report::Picture> PsfPicturesOf(const qc_metrics::Stack& stack,
                                           const qc_metrics::PsfSettings& settings,
                                           const qc_metrics::PsfField& field,
                                           const qc_metrics::AveragedPsf* average) {
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
  if (average != nullptr) AddAverage(settings, *average, pictures);
  const std::array<double, 2> field_um = {field.columns * settings.pixel_size_x_um,
                                          field.rows * settings.pixel_size_y_um};
  for (report::Picture& map :
       report::FieldMapPictures(qc_metrics::FieldMaps(field, settings), field_um)) {
    pictures.push_back(std::move(map));
  }
  return pictures;
}

}  // namespace monitor::measurement
