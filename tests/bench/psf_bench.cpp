// How long one channel of beads takes, as a ratio to touching its voxels once.
//
// psf_bench [--json FILE]; scenes of PERFORMANCE: `mid` 64 x 512 x 512 with 40 beads.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "monitor/simulation/bead_stack.h"
#include "qc_metrics/psf.h"

namespace {

using monitor::simulation::BeadScene;

BeadScene Scene(int side, int planes, int count, std::uint64_t seed) {
  BeadScene scene{side, side, planes, {0.065, 0.065, 0.2}};
  scene.seed = seed;
  monitor::simulation::Random random(seed + 1);
  for (const auto& centre : ScatterCentres(scene, count, 26.0, 14.0, 12.0, random)) {
    scene.beads.push_back(
        {centre, monitor::simulation::EllipsoidCovariance({0.212, 0.235, 0.706}), 2000.0});
  }
  return scene;
}

/// Median processor time of `rounds` calls, in ms: other programs on the machine do not count.
double MedianMs(int rounds, const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    timespec begin{};
    timespec end{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    work();
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    times.push_back(1e3 * static_cast<double>(end.tv_sec - begin.tv_sec) +
                    1e-6 * static_cast<double>(end.tv_nsec - begin.tv_nsec));
  }
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<std::size_t>(rounds / 2)];
}

/// Reads every voxel once.
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
  std::string name;
  double ms, touch_ms;
  int beads;
};

Row Measure(const std::string& name, const BeadScene& scene) {
  const qc_metrics::Stack stack{RenderBeadStack(scene)};
  qc_metrics::PsfSettings settings{scene.voxel_um[0], scene.voxel_um[1], scene.voxel_um[2]};
  settings.camera_offset_adu = scene.camera.offset_adu;
  settings.gain_e_per_adu = scene.camera.gain_e_per_adu;
  settings.read_noise_e = scene.camera.read_noise_e;
  Row row{name, 0.0, 0.0, 0};
  std::uint64_t sink = 0;
  row.touch_ms = MedianMs(9, [&] { sink += Touch(stack); });
  row.ms = MedianMs(9, [&] {
    const auto measured = MeasurePsf(stack, settings);
    row.beads = std::get<qc_metrics::PsfField>(measured).Kept();
  });
  return sink == 0 ? Row{name, 0.0, 0.0, 0} : row;
}

}  // namespace

int main(int argc, char** argv) {
  const Row few = Measure("mid", Scene(512, 64, 40, 1));
  const Row many = Measure("mid-200-beads", Scene(512, 64, 200, 2));
  std::string json = "[";
  for (const Row& row : {few, many}) {
    std::printf("%-14s %4d beads  %8.2f ms  %6.2f x touch (%.2f ms)\n", row.name.c_str(), row.beads,
                row.ms, row.ms / row.touch_ms, row.touch_ms);
    json += (json.size() > 1 ? "," : "") + ("{\"name\":\"psf/" + row.name) +
            "\",\"ms\":" + std::to_string(row.ms) +
            ",\"touch_ms\":" + std::to_string(row.touch_ms) +
            ",\"beads\":" + std::to_string(row.beads) + "}";
  }
  const double per_bead = (many.ms - few.ms) / std::max(1, many.beads - few.beads);
  std::printf("each further bead %.3f ms (fit, gates, lines): %.0f a second\n", per_bead,
              1e3 / per_bead);
  if (argc == 3 && std::string(argv[1]) == "--json") {
    std::ofstream(argv[2]) << json << "]\n";
  }
  return 0;
}
