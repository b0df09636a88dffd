#include "monitor/acquisition/lsm_recording.h"

#include <algorithm>

#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

constexpr std::uint32_t kRecording = 0x10000000;
constexpr std::uint32_t kTrack = 0x40000000;
constexpr std::uint32_t kDetection = 0x70000000;
constexpr std::uint32_t kIllumination = 0x90000000;
constexpr std::uint32_t kDataChannel = 0xD0000000;
constexpr std::uint32_t kEnd = 0xFFFFFFFF;
constexpr std::uint32_t kSubBlock = 0;  // types of fields
constexpr std::uint32_t kText = 2;
constexpr std::uint32_t kLong = 4;
constexpr std::uint32_t kDouble = 5;
constexpr std::size_t kMaxFields = 100'000;
constexpr std::uint32_t kMaxTextBytes = 1 << 16;
constexpr std::size_t kMaxChannels = 1024;

struct Field {
  std::uint32_t entry = 0;
  std::uint32_t type = 0;
  std::string text;
  std::optional<double> number;
};

Field TakeField(const FileBytes& file, std::uint64_t& place) {
  Field field;
  field.entry = file.Number<std::uint32_t>(place);
  field.type = file.Number<std::uint32_t>(place + 4);
  const auto size = file.Number<std::uint32_t>(place + 8);
  place += 12;
  if (field.type == kText && size <= kMaxTextBytes) {
    field.text = file.Text(place, size);
    field.text.resize(std::min(field.text.find('\0'), field.text.size()));
  } else if (field.type == kLong && size == 4) {
    field.number = file.Number<std::int32_t>(place);
  } else if (field.type == kDouble && size == 8) {
    field.number = file.Number<double>(place);
  }
  place += size;
  return field;
}

std::optional<double> Stated(double value) {
  return value > 0.0 ? std::optional(value) : std::nullopt;
}

/// The sub-block being read, and what it has stated so far.
class Gatherer {
 public:
  explicit Gatherer(LsmRecording& recording) : recording_(recording) {}

  void Begin(std::uint32_t block) {
    blocks_.push_back(block);
    if (block == kTrack) track_ = {};
    if (block == kDetection) detection_ = {};
    if (block == kIllumination) illumination_ = {};
    if (block == kDataChannel) data_ = {};
  }

  /// False when the recording itself has ended.
  bool End() {
    if (blocks_.empty()) return false;
    const std::uint32_t block = blocks_.back();
    blocks_.pop_back();
    if (block == kTrack) EndTrack();
    if (block == kDetection && detection_.on && track_.channels.size() < kMaxChannels) {
      track_.channels.push_back({Stated(detection_.value), std::nullopt});
    }
    if (block == kIllumination && illumination_.on && illumination_.value > 0.0) {
      if (track_.lines.size() < kMaxChannels) track_.lines.push_back(illumination_.value);
    }
    if (block == kDataChannel && data_.on && data_.value > 0.0 &&
        recording_.bits.size() < kMaxChannels) {
      recording_.bits.push_back(data_.value);
    }
    return !blocks_.empty();
  }

  void Take(const Field& field) {
    const auto number = [&field] { return field.number.value_or(0.0); };
    switch (field.entry) {
      case 0x10000004:
        recording_.objective = field.text;
        break;
      case 0x10000016:
        if (number() > 0.0) recording_.zoom = field.number;
        break;
      case 0x10000036:
        if (number() > 0.0) recording_.start_days = field.number;
        break;
      case 0x40000006:
        track_.on = number() != 0.0;
        break;
      case 0x70000009:
        detection_.value = number();
        break;
      case 0x7000000B:
        detection_.on = number() != 0.0;
        break;
      case 0x90000003:
        illumination_.value = number();
        break;
      case 0x90000004:
        illumination_.on = number() != 0.0;
        break;
      case 0xD0000006:
        data_.value = number();
        break;
      case 0xD0000003:
      case 0xD0000017:
        data_.on = number() != 0.0;
        break;
      default:
        break;
    }
  }

 private:
  struct Part {
    bool on = false;
    double value = 0.0;  // 0: not stated
  };
  struct Track {
    bool on = false;
    std::vector<LsmChannel> channels;
    std::vector<double> lines;
  };

  void EndTrack() {
    if (!track_.on) return;
    for (LsmChannel& channel : track_.channels) {
      if (track_.lines.size() == 1) channel.line_nm = track_.lines.front();
      if (recording_.channels.size() < kMaxChannels) recording_.channels.push_back(channel);
    }
    for (const double line : track_.lines) {
      if (recording_.lines_nm.size() < kMaxChannels) recording_.lines_nm.push_back(line);
    }
  }

  LsmRecording& recording_;
  std::vector<std::uint32_t> blocks_;
  Track track_;
  Part detection_;
  Part illumination_;
  Part data_;
};

}  // namespace

LsmRecording ReadLsmRecording(const FileBytes& file, std::uint64_t offset) {
  LsmRecording recording;
  Gatherer gatherer(recording);
  try {
    for (std::size_t i = 0; i < kMaxFields; ++i) {
      const Field field = TakeField(file, offset);
      if (i == 0 && field.entry != kRecording) break;
      if (field.entry == kEnd) {
        if (!gatherer.End()) break;
      } else if (field.type == kSubBlock) {
        gatherer.Begin(field.entry);
      } else {
        gatherer.Take(field);
      }
    }
  } catch (const ReadError&) {
    // The pixels do not need the recording: what it stated so far is what is known.
  }
  return recording;
}

}  // namespace monitor::acquisition
