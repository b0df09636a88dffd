#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/monitor/acquisition/written_file.h"

namespace monitor::acquisition {

/// Writes LIF containers; shares no code with the reader.
inline std::string LifBytes(int version, const std::string& xml,
                            const std::vector<std::pair<std::string, std::string>>& blocks) {
  const auto wide = [](const std::string& text) {
    std::string letters;
    for (const char letter : text) letters += {letter, '\0'};
    return letters;
  };
  std::string file;
  Append<std::uint32_t>(0x70, file);
  Append<std::uint32_t>(static_cast<std::uint32_t>(xml.size() * 2 + 5), file);
  file += '\x2A';
  Append<std::uint32_t>(static_cast<std::uint32_t>(xml.size()), file);
  file += wide(xml);
  for (const auto& [name, values] : blocks) {
    Append<std::uint32_t>(0x70, file);
    Append<std::uint32_t>(static_cast<std::uint32_t>(name.size() * 2 + 14), file);
    file += '\x2A';
    if (version >= 2) {
      Append<std::uint64_t>(values.size(), file);
    } else {
      Append<std::uint32_t>(static_cast<std::uint32_t>(values.size()), file);
    }
    file += '\x2A';
    Append<std::uint32_t>(static_cast<std::uint32_t>(name.size()), file);
    file += wide(name) + values;
  }
  return file;
}

}  // namespace monitor::acquisition
