#include "monitor/measurement/image_input.h"

#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/read_image.h"
#include "monitor/measurement/findings.h"

namespace monitor::measurement {
namespace {

ImageInput ArrangedImage(const AnalysisJob& job, std::size_t index, NaturalAxis natural) {
  const InputFile& file = *job.files[index];
  ImageInput input;
  const Setup said(job.layers[index], {});
  input.image =
      acquisition::ReadImage({file.fd(), file.bytes(), file.folder(), said.Text("scene")});
  input.setup = Setup(job.layers[index], input.image.metadata);
  ArrangePlanes(input.setup.Text("axes"), natural, input.image);
  const std::optional<std::string> roi = input.setup.Text("roi");
  input.region =
      roi ? CropPlanes(*roi, input.image) : cv::Rect({0, 0}, input.image.planes.front().size());
  return input;
}

// The files of a set beside the one named are part of what was measured: their digests too.
void NoteParts(const InputFile& file, const acquisition::Image& image, std::size_t index,
               AnalysisOutcome& outcome) {
  for (const std::string& name : image.parts) {
    const auto opened = InputFile::Open(file.folder() + "/" + name);
    const auto* part = std::get_if<InputFile>(&opened);
    if (part == nullptr) continue;  // it was there a moment ago; the digest of the rest stands
    outcome.parts.push_back({index, ShownName(name), FileDigest(*part), part->bytes()});
  }
}

void CheckAperture(const Setup& setup, AnalysisOutcome& outcome) {
  if (setup.ApertureIsPossible()) return;
  const std::string sentence =
      "numerical_aperture is above refractive_index, which no objective is; correct one of them";
  if (setup.IsSaidByPerson("numerical_aperture") || setup.IsSaidByPerson("refractive_index")) {
    throw UsageError(sentence);
  }
  outcome.report.findings.push_back({"settings_not_stated", qc_metrics::Severity::kWarning,
                                     sentence + " (both are taken as not stated)", std::nullopt});
}

}  // namespace

ImageInput ReadImageInput(const AnalysisJob& job, std::size_t index, NaturalAxis natural,
                          AnalysisOutcome& outcome) {
  ImageInput input;
  try {
    input = ArrangedImage(job, index, natural);
  } catch (const acquisition::ReadError& error) {
    throw acquisition::ReadError(error.fault(), "'" + job.names[index] + "': " + error.what());
  }
  CheckAperture(input.setup, outcome);
  NoteParts(*job.files[index], input.image, index, outcome);
  outcome.formats.push_back(input.image.format);
  if (!outcome.acquired_at) outcome.acquired_at = input.image.acquired_at;
  for (const acquisition::ReaderNote& note : input.image.notes) {
    outcome.report.findings.push_back(
        {note.code, qc_metrics::Severity::kWarning, note.text, std::nullopt});
  }
  return input;
}

bool NoteMissingKeys(const Setup& setup, AnalysisOutcome& outcome) {
  for (const std::string& key : setup.MissingKeys()) {
    outcome.report.findings.push_back(MissingMetadata(key));
  }
  return !setup.MissingKeys().empty();
}

}  // namespace monitor::measurement
