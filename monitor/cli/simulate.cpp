#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "monitor/acquisition/printable.h"
#include "monitor/cli/commands.h"
#include "monitor/cli/simulate_options.h"
#include "monitor/measurement/setup.h"
#include "monitor/measurement/software.h"
#include "monitor/simulation/ome_tiff.h"

namespace monitor::cli {
namespace {

using nlohmann::ordered_json;

ordered_json Json(const simulation::TrueQuantity& quantity) {
  ordered_json row = {{"id", quantity.id}};
  if (!quantity.definition.empty()) row["definition"] = quantity.definition;
  row["value"] = quantity.value;
  row["unit"] = quantity.unit;
  if (quantity.channel) row["channel"] = *quantity.channel;
  if (quantity.tolerance) row["tolerance"] = *quantity.tolerance;
  for (const auto& [key, value] : quantity.of) {
    std::visit([&, name = key](const auto& of) { row["of"][name] = of; }, value);
  }
  return row;
}

ordered_json Json(const simulation::TrueObject& object) {
  ordered_json row = {{"kind", object.kind}};
  if (object.channel) row["channel"] = *object.channel;
  if (!object.expected.empty()) row["expected"] = object.expected;
  if (!object.reason.empty()) row["reason"] = object.reason;
  if (!object.position_um.empty()) row["position_um"] = object.position_um;
  for (const auto& quantity : object.quantities) row["quantities"].push_back(Json(quantity));
  return row;
}

ordered_json TruthDocument(const SimulateOptions& options, const simulation::Simulated& done) {
  ordered_json truth = {{"schema", "etalon.truth/1"}, {"kind", options.scenario->name}};
  truth["software"] = {
      {"name", "etalon"}, {"version", measurement::kVersion}, {"build", measurement::kBuild}};
  truth["seed"] = options.seed;
  for (const auto& [key, value] : options.settings.All()) truth["settings"][key] = value;
  truth["files"] = done.files;
  truth["measure"] = done.measure;
  truth["quantities"] = ordered_json::array();
  for (const auto& quantity : done.quantities) truth["quantities"].push_back(Json(quantity));
  truth["objects"] = ordered_json::array();
  for (const auto& object : done.objects) truth["objects"].push_back(Json(object));
  return truth;
}

void WriteTruth(const std::string& path, const ordered_json& truth) {
  const std::string text = truth.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  if (path == "-") {
    std::cout << text << std::flush;
    return;
  }
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) {
    throw simulation::WriteError("could not write " + path + " (" + std::strerror(errno) + ")");
  }
}

int Simulate(const SimulateOptions& options) {
  try {
    const auto done = options.scenario->run(options.settings, options.output, options.seed);
    WriteTruth(options.truth, TruthDocument(options, done));
    return 0;
  } catch (const simulation::ScenarioError& error) {
    throw measurement::UsageError(error.what());
  }
}

}  // namespace

int RunSimulate(int argc, char** argv) {
  try {
    const SimulateOptions options = ParseSimulateOptions(argc, argv);
    if (options.help) {
      std::fputs(SimulateHelp(options.scenario).c_str(), stdout);
      return 0;
    }
    return Simulate(options);
  } catch (const measurement::UsageError& error) {
    std::fprintf(stderr, "etalon simulate: %s (see etalon simulate --help)\n",
                 acquisition::Printable(error.what()).c_str());
    return 2;
  }
}

}  // namespace monitor::cli
