#pragma once

#include <cstddef>
#include <string>

namespace monitor::acquisition {

/// The files of an OME-TIFF set as its XML names them.
class OmeFiles {
 public:
  OmeFiles() = default;
  OmeFiles(const OmeFiles&) = delete;
  OmeFiles& operator=(const OmeFiles&) = delete;
  virtual ~OmeFiles() = default;

  /// Index of the file `uuid`, or of the one beside the first named `name`; without either the
  /// file that carries the XML. A file keeps its UUID when it is renamed, so that decides first.
  /// Errors  ReadError: no such file.
  [[nodiscard]] virtual std::size_t Find(const std::string& uuid, const std::string& name) = 0;

  /// Number of full pages of a file.
  [[nodiscard]] virtual std::size_t Pages(std::size_t file) = 0;
};

}  // namespace monitor::acquisition
