#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "monitor/acquisition/image_source.h"
#include "monitor/acquisition/ome_files.h"
#include "monitor/acquisition/tiff_file.h"

namespace monitor::acquisition {

/// A file beside the one to read, held open.
class SiblingFile {
 public:
  /// `name` as the metadata state it: it must be plain, so that no file elsewhere can be named.
  /// Errors  ReadError.
  SiblingFile(const std::string& folder, const std::string& name);
  SiblingFile(const SiblingFile&) = delete;
  SiblingFile& operator=(const SiblingFile&) = delete;
  ~SiblingFile();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  int fd_;
  std::uint64_t bytes_ = 0;
};

/// The TIFF files that make one image: the file to read (unless that is XML) and those that the
/// OME-XML names beside it. Directories are read once; no more than one sibling is open at a time.
class TiffSet : public OmeFiles {
 public:
  /// `first` is the TIFF to read; absent where a companion file is read.
  TiffSet(const ImageSource& source, std::unique_ptr<TiffFile> first, std::string uuid);
  ~TiffSet() override;

  [[nodiscard]] std::size_t Find(const std::string& uuid, const std::string& name) override;
  [[nodiscard]] std::size_t Pages(std::size_t file) override { return PagesOf(file).size(); }

  /// The full pages of a file.
  [[nodiscard]] const std::vector<TiffPage>& PagesOf(std::size_t file);

  /// An open TIFF of the set, until the next call.
  struct Opened {
    TiffFile* tiff;
    int fd;
    std::uint64_t bytes;
  };
  [[nodiscard]] Opened Open(std::size_t file);

  /// Names of the siblings in use.
  [[nodiscard]] std::vector<std::string> Names() const;

 private:
  struct Member {
    std::string name;  // empty: the first
    bool read = false;
    std::vector<TiffPage> pages;
  };

  [[nodiscard]] bool IsBeside(const std::string& name) const;

  ImageSource source_;
  std::unique_ptr<TiffFile> first_;
  std::string uuid_;
  std::string own_name_;
  std::vector<Member> members_;
  std::map<std::string, std::size_t> by_name_;
  std::size_t page_count_ = 0;
  std::unique_ptr<SiblingFile> sibling_;
  std::unique_ptr<TiffFile> opened_;
  std::size_t opened_index_ = 0;
};

/// The pages of a TIFF that are no thumbnails or sub-resolutions.
/// Errors  ReadError: there is none.
[[nodiscard]] std::vector<TiffPage> FullPages(const TiffFile& file);

}  // namespace monitor::acquisition
