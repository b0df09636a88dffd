#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "monitor/acquisition/image_source.h"

namespace monitor::acquisition {

/// A file of the calibration data; `found` false where the folder is absent.
class RealFile {
 public:
  explicit RealFile(const std::string& name)
      : folder_(ETALON_CALIBRATION_DATA "/" + name.substr(0, name.rfind('/'))),
        fd_(open((ETALON_CALIBRATION_DATA "/" + name).c_str(), O_RDONLY | O_CLOEXEC)) {}
  RealFile(const RealFile&) = delete;
  RealFile& operator=(const RealFile&) = delete;
  ~RealFile() {
    if (fd_ >= 0) close(fd_);
  }

  [[nodiscard]] bool found() const { return fd_ >= 0; }
  [[nodiscard]] ImageSource Source(std::optional<std::string> scene = std::nullopt) const {
    struct stat status {};
    fstat(fd_, &status);
    return {fd_, static_cast<std::uint64_t>(status.st_size), folder_, std::move(scene)};
  }

 private:
  std::string folder_;
  int fd_;
};

}  // namespace monitor::acquisition
