#include "monitor/acquisition/lsm_metadata.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>

#include "monitor/acquisition/channel_lists.h"
#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/lsm_recording.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"
#include "monitor/acquisition/scene_choice.h"

namespace monitor::acquisition {
namespace {

constexpr std::uint32_t kMagic13 = 0x0300494C;
constexpr std::uint32_t kMagic15 = 0x0400494C;
constexpr std::size_t kFixedBytes = 140;   // up to and with the list of time stamps
constexpr std::size_t kPositionsAt = 264;  // number of positions, then of tiles
constexpr double kShortestTwoPhotonLineNm = 680.0;
constexpr std::uint32_t kMaxNames = 1024;

[[noreturn]] void Refuse(const std::string& sentence) {
  throw ReadError(ReadFault::kUnreadable, sentence);
}

/// The fields of the tag that are used.
struct LsmInfo {
  std::int32_t x = 0, y = 0, z = 0, channels = 0, times = 0;
  double voxel_x_m = 0.0, voxel_y_m = 0.0, voxel_z_m = 0.0;
  std::uint16_t scan_type = 0;
  double interval_s = 0.0;
  std::uint32_t colours_at = 0;
  std::uint32_t recording_at = 0;
  std::int32_t scenes = 1;
};

LsmInfo ReadInfo(std::span<const std::byte> bytes) {
  LsmInfo info;
  FieldReader fields(bytes);
  fields.Skip(8);  // magic number and length
  info.x = fields.Take<std::int32_t>();
  info.y = fields.Take<std::int32_t>();
  info.z = fields.Take<std::int32_t>();
  info.channels = fields.Take<std::int32_t>();
  info.times = fields.Take<std::int32_t>();
  fields.Skip(12);  // type of values, size of thumbnails
  info.voxel_x_m = fields.Take<double>();
  info.voxel_y_m = fields.Take<double>();
  info.voxel_z_m = fields.Take<double>();
  fields.Skip(24);  // origin
  info.scan_type = fields.Take<std::uint16_t>();
  fields.Skip(2 + 4 + 12);  // spectral scan, type of data, overlay and tables
  info.colours_at = fields.Take<std::uint32_t>();
  info.interval_s = fields.Take<double>();
  fields.Skip(4);  // types by channel
  info.recording_at = fields.Take<std::uint32_t>();
  if (bytes.size() >= kPositionsAt + 8) {
    FieldReader rest(bytes.subspan(kPositionsAt));
    const auto positions = std::clamp<std::int32_t>(rest.Take<std::int32_t>(), 0, 100'000);
    const auto tiles = std::clamp<std::int32_t>(rest.Take<std::int32_t>(), 0, 100'000);
    const std::int64_t scenes = std::int64_t{std::max(positions, 1)} * std::max(tiles, 1);
    info.scenes = static_cast<std::int32_t>(std::min<std::int64_t>(scenes, 1'000'000));
  }
  return info;
}

void CheckScan(const LsmInfo& info) {
  // 0 and 3: planes of a stack, of a time series; 6: a time series of stacks; 1 and 4: sections.
  if (info.scan_type == 0 || info.scan_type == 3 || info.scan_type == 6) return;
  throw ReadError(ReadFault::kUnsupported,
                  "the LSM file is a line, point, spline or x-z scan (scan type " +
                      std::to_string(info.scan_type) +
                      "), which is not read; export it as OME-TIFF");
}

void PlacePlanes(const LsmInfo& info, const ImageSource& source, std::size_t planes,
                 PlanePlan& plan) {
  if (info.z < 1 || info.channels < 1 || info.times < 1) {
    Refuse("the LSM file states a dimension of 0; export the image again");
  }
  const double wanted = double{1} * info.z * info.channels * info.times;
  if (wanted * info.scenes != static_cast<double>(planes)) {
    Refuse("the LSM file states " + std::to_string(info.z) + " z x " +
           std::to_string(info.channels) + " channels x " + std::to_string(info.times) +
           " times x " + std::to_string(info.scenes) + " positions, but holds " +
           std::to_string(planes) + " planes; it is truncated or was edited");
  }
  const std::string size = std::to_string(info.x) + " x " + std::to_string(info.y) + " px, " +
                           std::to_string(info.z) + " z";
  const std::vector<SceneRow> rows(static_cast<std::size_t>(info.scenes), SceneRow{"", size});
  const std::size_t first =
      ChooseScene(rows, source.scene) * (planes / static_cast<std::size_t>(info.scenes));
  plan.axes = {info.z, info.channels, info.times, true};
  const auto z_count = static_cast<std::size_t>(info.z);
  const auto c_count = static_cast<std::size_t>(info.channels);
  for (std::size_t t = 0; t < static_cast<std::size_t>(info.times); ++t) {
    for (std::size_t c = 0; c < c_count; ++c) {
      for (std::size_t z = 0; z < z_count; ++z) {
        plan.page_of_plane.push_back(first + (t * z_count + z) * c_count + c);
      }
    }
  }
}

void PutMicrometres(const char* key, double metres, Metadata& metadata) {
  const double um = metres * 1e6;
  if (!(um > 0.0) || !std::isfinite(um)) return;
  const double scale = std::pow(10.0, 11.0 - std::floor(std::log10(um)));
  if (std::isfinite(scale) && scale > 0.0) metadata[key] = std::round(um * scale) / scale;
}

// The block of colours also holds the channels' names: a length and a text each.
void ReadNames(const FileBytes& file, const LsmInfo& info, ChannelLists& lists) {
  if (info.colours_at == 0) return;
  try {
    const auto names = file.Number<std::uint32_t>(info.colours_at + std::uint64_t{8});
    if (names != static_cast<std::uint32_t>(info.channels) || names > kMaxNames) return;
    std::uint64_t place =
        std::uint64_t{info.colours_at} + file.Number<std::uint32_t>(info.colours_at + 16ULL);
    for (std::uint32_t i = 0; i < names; ++i) {
      const auto length = file.Number<std::uint32_t>(place);
      if (length > 4096) return;
      std::string name = file.Text(place + 4, length);
      name.resize(std::min(name.find('\0'), name.size()));
      lists.Text("channel_name", i, name);
      place += 4 + std::uint64_t{length};
    }
  } catch (const ReadError&) {
    // The pixels do not need the names.
  }
}

std::optional<std::string> DateOf(std::optional<double> days) {
  if (!days || *days < 25569.0 || *days > 100'000.0) return std::nullopt;  // from 1970 on
  const std::chrono::sys_time<std::chrono::milliseconds> moment{
      std::chrono::milliseconds(std::llround((*days - 25569.0) * 86'400'000.0))};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{moment - day};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03d",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return std::string(text);
}

void PutRecording(const LsmRecording& recording, const LsmInfo& info, ChannelLists& lists,
                  PlanePlan& plan) {
  if (!recording.objective.empty()) {
    plan.metadata["objective"] = Printable(recording.objective);
  }
  if (recording.zoom) plan.metadata["zoom"] = *recording.zoom;
  plan.acquired_at = DateOf(recording.start_days);
  const auto channels = static_cast<std::size_t>(info.channels);
  for (std::size_t i = 0; recording.channels.size() == channels && i < channels; ++i) {
    lists.Wavelength("excitation_nm", i, recording.channels[i].line_nm);
    lists.Number("pinhole_um", i, recording.channels[i].pinhole_um);
  }
  const std::vector<double>& lines = recording.lines_nm;
  // A line in the near infrared may be a two-photon source or not: nothing says which.
  if (!lines.empty() && *std::max_element(lines.begin(), lines.end()) < kShortestTwoPhotonLineNm) {
    plan.metadata["modality"] = std::string("confocal");
  }
  const std::vector<double>& bits = recording.bits;
  const bool alike =
      !bits.empty() && bits.front() >= 1.0 && bits.front() <= 16.0 &&
      std::all_of(bits.begin(), bits.end(), [&](double value) { return value == bits.front(); });
  if (alike) plan.metadata["saturation_adu"] = std::exp2(bits.front()) - 1.0;
}

}  // namespace

PlanePlan ReadLsm(const TiffWords& words, const ImageSource& source, std::size_t planes) {
  PlanePlan plan;
  plan.format = "LSM";
  std::uint32_t magic = 0;
  if (words.lsm_info.size() >= kFixedBytes) {
    magic = FieldReader(words.lsm_info).Take<std::uint32_t>();
  }
  if (magic != kMagic13 && magic != kMagic15) {
    plan.axes.size_z = static_cast<int>(planes);
    for (std::size_t page = 0; page < planes; ++page) plan.page_of_plane.push_back(page);
    return plan;
  }
  const LsmInfo info = ReadInfo(words.lsm_info);
  CheckScan(info);
  PlacePlanes(info, source, planes, plan);
  plan.width_px = info.x;
  plan.height_px = info.y;
  PutMicrometres("pixel_size_x_um", info.voxel_x_m, plan.metadata);
  PutMicrometres("pixel_size_y_um", info.voxel_y_m, plan.metadata);
  if (info.z > 1) PutMicrometres("z_step_um", info.voxel_z_m, plan.metadata);
  if (info.times > 1 && info.interval_s > 0.0 && std::isfinite(info.interval_s)) {
    plan.metadata["frame_interval_s"] = info.interval_s;
  }
  const FileBytes file(source.fd, source.bytes);
  ChannelLists lists(static_cast<std::size_t>(info.channels));
  ReadNames(file, info, lists);
  if (info.recording_at != 0) {
    PutRecording(ReadLsmRecording(file, info.recording_at), info, lists, plan);
  }
  lists.PutInto(plan.metadata);
  return plan;
}

}  // namespace monitor::acquisition
