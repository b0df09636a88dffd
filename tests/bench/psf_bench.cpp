// What voxels and beads of one channel cost, in processor time, without files.
//
// psf_bench [--json FILE]. A family of fields of which two at a time differ in one thing only: the
// size, the number of beads, the light. Each cost is a difference, so that what it is made of does
// not matter; `touch` is reading every voxel of the same memory once.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "monitor/simulation/bead_stack.h"
#include "monitor/simulation/optical_shape.h"
#include "qc_metrics/psf.h"
#include "qc_metrics/psf_average.h"

namespace {

using monitor::simulation::BeadScene;
using Light = std::shared_ptr<const monitor::simulation::OpticalShape>;

constexpr int kRounds = 5;
constexpr int kPlanes = 64;
constexpr double kPeakE = 2000.0;

/// A row of the family: a square field of 64 slices.
struct Plan {
  const char* name;
  int side, beads;
  bool optical;
};
constexpr Plan kPlans[] = {
    {"gaussian-512-40", 512, 40, false},     {"gaussian-1024-40", 1024, 40, false},
    {"gaussian-1024-240", 1024, 240, false}, {"gaussian-1024-440", 1024, 440, false},
    {"optical-512-40", 512, 40, true},       {"optical-1024-40", 1024, 40, true},
    {"optical-1024-240", 1024, 240, true},   {"optical-1024-440", 1024, 440, true}};

/// Beads of 2000 e- and 10 % spread; margins and distances leave room for all of them.
BeadScene SceneOf(const Plan& plan, const Light& light) {
  BeadScene scene{plan.side, plan.side, kPlanes, {0.065, 0.065, 0.2}};
  scene.seed = static_cast<std::uint64_t>(plan.beads);
  monitor::simulation::Random random(scene.seed + 1);
  for (const auto& centre : ScatterCentres(scene, plan.beads, 28.0, 16.0, 16.0, random)) {
    monitor::simulation::SimulatedBead bead{
        centre, monitor::simulation::EllipsoidCovariance({0.212, 0.235, 0.706}),
        kPeakE * (1.0 + 0.1 * random.Normal())};
    if (plan.optical) bead.shape = light;
    scene.beads.push_back(bead);
  }
  return scene;
}

double ProcessorMs() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

/// Median processor time of some calls, in ms: other programs on the machine count little.
double MedianMs(const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < kRounds; ++i) {
    const double begin = ProcessorMs();
    work();
    times.push_back(ProcessorMs() - begin);
  }
  std::nth_element(times.begin(), times.begin() + kRounds / 2, times.end());
  return times[kRounds / 2];
}

std::uint64_t Touch(const qc_metrics::Stack& stack) {
  std::uint64_t sum = 0;
  for (const cv::Mat& plane : stack.planes) {
    for (int y = 0; y < plane.rows; ++y) {
      const auto* row = plane.ptr<std::uint16_t>(y);
      for (int x = 0; x < plane.cols; ++x) sum += row[x];
    }
  }
  return sum;
}

struct Row {
  double ms = 0.0, touch_ms = 0.0, megavoxels = 0.0;
  int kept = 0, learned_from = 0;
};

/// All that a channel costs, from voxels to the report.
Row Measure(const Plan& plan, const Light& light) {
  const BeadScene scene = SceneOf(plan, light);
  const qc_metrics::Stack stack{RenderBeadStack(scene)};
  qc_metrics::PsfSettings settings{scene.voxel_um[0], scene.voxel_um[1], scene.voxel_um[2]};
  settings.camera_offset_adu = scene.camera.offset_adu;
  settings.gain_e_per_adu = scene.camera.gain_e_per_adu;
  settings.read_noise_e = scene.camera.read_noise_e;
  Row row;
  row.megavoxels = 1e-6 * plan.side * plan.side * kPlanes;
  std::uint64_t sink = 0;
  row.touch_ms = MedianMs([&] { sink += Touch(stack); });
  row.ms = MedianMs([&] {
    const auto measured = MeasurePsf(stack, settings);
    const auto& field = std::get<qc_metrics::PsfField>(measured);
    sink += PsfReport(field, settings, 0).objects.size();
    sink += static_cast<std::uint64_t>(AveragePsf(stack, settings, field)->beads);
    row.kept = field.Kept();
    row.learned_from = field.light.beads;
  });
  std::printf("%-18s %4d kept, shape of %3d  %8.2f ms  %6.2f x touch (%.2f ms)\n", plan.name,
              row.kept, row.learned_from, row.ms, row.ms / row.touch_ms, row.touch_ms);
  return sink == 0 ? Row{} : row;  // the sums must be made
}

using Figures = std::map<std::string, double>;

/// Differences between rows that differ in one thing.
void AddCosts(const std::string& light, const std::map<std::string, Row>& rows, Figures& out) {
  const Row& small = rows.at(light + "-512-40");
  const Row& wide = rows.at(light + "-1024-40");
  const Row& more = rows.at(light + "-1024-240");
  const Row& most = rows.at(light + "-1024-440");
  const auto per_bead = [](const Row& a, const Row& b) {
    return (b.ms - a.ms) / (b.kept - a.kept);
  };
  const double voxels = (wide.ms - small.ms) / (wide.megavoxels - small.megavoxels);
  out[light + "_ms_per_megavoxel"] = voxels;
  out[light + "_first_40_ms_per_bead"] = (small.ms - voxels * small.megavoxels) / small.kept;
  out[light + "_beads_40_to_240_ms"] = per_bead(wide, more);
  out[light + "_beads_240_to_440_ms"] = per_bead(more, most);
  std::printf(
      "%s: a megavoxel %.3f ms; a bead of the first 40 %.3f ms, of 40 to 240 %.3f, of 240 "
      "to 440 %.3f ms: %.0f a second\n",
      light.c_str(), voxels, out[light + "_first_40_ms_per_bead"],
      out[light + "_beads_40_to_240_ms"], out[light + "_beads_240_to_440_ms"],
      1e3 / out[light + "_beads_240_to_440_ms"]);
}

/// What the shape of all beads adds to Gaussian beads of the same field.
void AddShapeCosts(const std::map<std::string, Row>& rows, Figures& out) {
  for (const char* field : {"512-40", "1024-240"}) {
    const Row& optical = rows.at(std::string("optical-") + field);
    const Row& gaussian = rows.at(std::string("gaussian-") + field);
    const double rate = 1e3 * optical.kept / (optical.ms - gaussian.ms);
    out[std::string("shape_fits_a_second_") + field] = rate;
    std::printf("shape fits of %s, learning included: %.0f a second\n", field, rate);
  }
}

void WriteJson(const char* path, const std::map<std::string, Row>& rows, const Figures& figures) {
  std::ofstream json(path);
  json << "{\"rows\":{";
  const char* comma = "";
  for (const auto& [name, row] : rows) {
    json << comma << '"' << name << "\":{\"ms\":" << row.ms << ",\"touch_ms\":" << row.touch_ms
         << ",\"ratio_to_touch\":" << row.ms / row.touch_ms << ",\"kept\":" << row.kept << '}';
    comma = ",";
  }
  json << "},\"figures\":{";
  comma = "";
  for (const auto& [name, value] : figures) {
    json << comma << '"' << name << "\":" << value;
    comma = ",";
  }
  json << "}}\n";
}

}  // namespace

int main(int argc, char** argv) {
#ifndef NDEBUG
  std::printf("warning: built with assertions; figures are of release builds\n");
#endif
  const auto light =
      std::make_shared<const monitor::simulation::OpticalShape>(monitor::simulation::Optics{}, 0.1);
  std::map<std::string, Row> rows;
  for (const Plan& plan : kPlans) rows[plan.name] = Measure(plan, light);
  Figures figures;
  AddCosts("gaussian", rows, figures);
  AddCosts("optical", rows, figures);
  AddShapeCosts(rows, figures);
  if (argc == 3 && std::string(argv[1]) == "--json") WriteJson(argv[2], rows, figures);
  return 0;
}
