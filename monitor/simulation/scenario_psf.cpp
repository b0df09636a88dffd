#include <algorithm>

#include "monitor/simulation/scenario_beads.h"

namespace monitor::simulation {
namespace {

void AddTruth(const PlannedField& field, const BeadScene& scene, int channel, Simulated& done) {
  std::array<std::vector<double>, 3> widths;
  const std::array<std::string, 3> ids = {"psf.fwhm.x", "psf.fwhm.y", "psf.fwhm.z"};
  int kept = 0;
  for (std::size_t i = 0; i < scene.beads.size(); ++i) {
    TrueObject bead{.kind = "bead",
                    .position_um = PlaceUm(scene, i),
                    .channel = channel,
                    .expected = field.reasons[i].empty() ? "kept" : "rejected",
                    .reason = field.reasons[i]};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      bead.quantities.push_back(
          {.id = ids[axis], .unit = "um", .value = field.fwhm_um[i][axis], .channel = channel});
      if (field.reasons[i].empty()) widths[axis].push_back(field.fwhm_um[i][axis]);
    }
    kept += field.reasons[i].empty() ? 1 : 0;
    done.objects.push_back(std::move(bead));
  }
  for (std::size_t axis = 0; axis < 3 && kept > 0; ++axis) {
    std::vector<double>& all = widths[axis];
    std::sort(all.begin(), all.end());
    const double median = 0.5 * (all[(all.size() - 1) / 2] + all[all.size() / 2]);
    done.quantities.push_back({.id = ids[axis], .unit = "um", .value = median, .channel = channel});
  }
  done.quantities.push_back({.id = "psf.beads.kept",
                             .unit = "1",
                             .value = static_cast<double>(kept),
                             .channel = channel});
}

Simulated Run(const ScenarioSettings& settings, const std::string& output, std::uint64_t seed) {
  const BeadChannels drawn = DrawBeads(settings, {}, seed);
  WriteOmeTiff(output, drawn.image);
  Simulated done;
  for (std::size_t c = 0; c < drawn.scenes.size(); ++c) {
    AddTruth(drawn.fields[c], drawn.scenes[c], static_cast<int>(c), done);
  }
  done.files = {output};
  done.measure = {"psf", FileName(output)};
  for (std::string& word : BeadWords(settings)) done.measure.push_back(std::move(word));
  return done;
}

}  // namespace

const Scenario& PsfScenario() {
  static constexpr Scenario kScenario{
      "psf", "a z-stack of sub-resolution beads",
      "psf --output beads.ome.tif --set model=gibson_lanni --set coma_x=0.05 --set pairs=3",
      kBeadKeys, Run};
  return kScenario;
}

}  // namespace monitor::simulation
