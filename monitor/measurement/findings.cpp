#include "monitor/measurement/findings.h"

namespace monitor::measurement {
namespace {

std::string Sentence(qc_metrics::Fault fault) {
  using qc_metrics::Fault;
  switch (fault) {
    case Fault::kUnsupportedFormat:
      return "the pixels are of a kind that this analysis does not measure; save the raw "
             "intensities of one channel a page";
    case Fault::kTooSmall:
      return "the image has fewer pixels or planes than the analysis needs; acquire a larger "
             "field or a longer stack";
    case Fault::kNotFinite:
      return "there are values that are no finite numbers (NaN or infinity); export the raw data "
             "of the detector without processing";
    case Fault::kSaturated:
      return "more than 1 % of the pixels are saturated; lower the exposure or the gain and "
             "acquire again";
    case Fault::kNoSignal:
      return "there is no signal above the background; check that the light and the detector were "
             "on and that the sample is in focus";
    case Fault::kTooFew:
      return "there are fewer objects or samples than the analysis needs; acquire a longer series "
             "or a denser sample";
    case Fault::kFitFailed:
      return "the fit did not converge; check that the image shows what this analysis is for";
  }
  return "the image cannot be measured";
}

}  // namespace

qc_metrics::Finding MissingMetadata(const std::string& key) {
  return {"metadata_missing:" + key, qc_metrics::Severity::kFault,
          "'" + key + "' is stated neither by the file nor by a setup; state it with --set " + key +
              "=VALUE",
          std::nullopt};
}

qc_metrics::Finding FaultFinding(qc_metrics::Fault fault, std::optional<int> channel) {
  return {std::string(qc_metrics::Name(fault)), qc_metrics::Severity::kFault, Sentence(fault),
          channel};
}

qc_metrics::Finding UnreadableFinding(const std::string& name, const std::string& what) {
  return {"unreadable", qc_metrics::Severity::kFault, "'" + name + "': " + what, std::nullopt};
}

}  // namespace monitor::measurement
