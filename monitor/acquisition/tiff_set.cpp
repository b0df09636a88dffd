#include "monitor/acquisition/tiff_set.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/acquisition/limits.h"
#include "monitor/acquisition/printable.h"
#include "monitor/acquisition/read_error.h"

namespace monitor::acquisition {
namespace {

constexpr std::size_t kMaxFiles = 20'000;
constexpr std::size_t kMaxNameBytes = 255;

[[noreturn]] void Refuse(const std::string& sentence) {
  throw ReadError(ReadFault::kUnreadable, sentence);
}

std::string Shown(const std::string& name) {
  return "'" + Printable(std::string_view(name).substr(0, 100)) + "'";
}

bool IsPlain(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNameBytes && name != "." && name != ".." &&
         name.find('/') == name.npos && name.find('\0') == name.npos;
}

}  // namespace

bool TiffSet::IsBeside(const std::string& name) const {
  struct stat status {};
  return IsPlain(name) && !source_.folder.empty() &&
         stat((source_.folder + "/" + name).c_str(), &status) == 0;
}

SiblingFile::SiblingFile(const std::string& folder, const std::string& name) : fd_(-1) {
  if (!IsPlain(name)) {
    Refuse("the image names another file of its set " + Shown(name) +
           ", which is no plain file name; export it as one file");
  }
  if (!folder.empty()) {
    fd_ = open((folder + "/" + name).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  }
  struct stat status {};
  if (fd_ < 0 || fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) {
    if (fd_ >= 0) close(fd_);
    Refuse("the image is a set of files, and " + Shown(name) +
           " is not beside this one; put all files of the set into one folder, or export it as one "
           "file");
  }
  bytes_ = static_cast<std::uint64_t>(status.st_size);
}

SiblingFile::~SiblingFile() { close(fd_); }

TiffSet::TiffSet(const ImageSource& source, std::unique_ptr<TiffFile> first, std::string uuid)
    : source_(source), first_(std::move(first)), uuid_(std::move(uuid)) {
  members_.push_back({"", false, {}});
}

TiffSet::~TiffSet() = default;

std::size_t TiffSet::Find(const std::string& uuid, const std::string& name) {
  const bool own = (uuid.empty() && name.empty()) || (!uuid.empty() && uuid == uuid_);
  if (own && first_ != nullptr) return 0;
  // A file without a UUID of its own is meant by a name that is nowhere beside it: it was renamed.
  // Two such names cannot both be it.
  if (first_ != nullptr && uuid_.empty() && !IsBeside(name) &&
      (own_name_.empty() || own_name_ == name)) {
    own_name_ = name;
    return 0;
  }
  if (name.empty()) {
    Refuse(
        "the OME-XML names a file of its set by its UUID only, so it cannot be found; export "
        "the image as one file");
  }
  const auto [known, added] = by_name_.emplace(name, members_.size());
  if (!added) return known->second;
  if (members_.size() >= kMaxFiles) {
    Refuse("the OME-TIFF is a set of more than " + std::to_string(kMaxFiles) +
           " files; export it as one file");
  }
  members_.push_back({name, false, {}});
  return known->second;
}

const std::vector<TiffPage>& TiffSet::PagesOf(std::size_t file) {
  Member& member = members_[file];
  if (member.read) return member.pages;
  member.pages = FullPages(*Open(file).tiff);
  member.read = true;
  page_count_ += member.pages.size();
  if (page_count_ > kMaxPages) Refuse("the files of the set hold more pages than the limit");
  return member.pages;
}

TiffSet::Opened TiffSet::Open(std::size_t file) {
  if (file == 0) {
    if (first_ == nullptr) Refuse("the OME-XML names no file for its planes");
    return {first_.get(), source_.fd, source_.bytes};
  }
  if (opened_ == nullptr || opened_index_ != file) {
    opened_.reset();
    sibling_ = std::make_unique<SiblingFile>(source_.folder, members_[file].name);
    opened_ = std::make_unique<TiffFile>(sibling_->fd(), sibling_->bytes());
    opened_index_ = file;
  }
  return {opened_.get(), sibling_->fd(), sibling_->bytes()};
}

std::vector<std::string> TiffSet::Names() const {
  std::vector<std::string> names;
  for (const Member& member : members_) {
    if (!member.name.empty()) names.push_back(member.name);
  }
  return names;
}

std::vector<TiffPage> FullPages(const TiffFile& file) {
  std::vector<TiffPage> pages;
  for (const TiffPage& page : file.pages()) {
    if (!page.reduced) pages.push_back(page);
  }
  if (pages.empty()) {
    Refuse("the TIFF holds thumbnails only; export the full image again");
  }
  return pages;
}

}  // namespace monitor::acquisition
