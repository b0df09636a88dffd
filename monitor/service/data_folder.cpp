#include "monitor/service/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sop/store/engine.h"
#include "sop/store/store.h"

namespace monitor::service {
namespace {

using sop::store::StoreError;

[[noreturn]] void FailErrno(const std::string& doing) {
  throw StoreError("cannot " + doing + ": " + std::strerror(errno));
}

}  // namespace

void WriteSecret(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) FailErrno("write " + temporary);
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = written && fsync(file) == 0;
  close(file);
  if (!synced || rename(temporary.c_str(), path.c_str()) != 0) FailErrno("write " + path);
  const int folder =
      open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
}

int LockDataFolder(const std::string& data_dir) {
  std::error_code error;
  std::filesystem::create_directories(data_dir, error);
  const std::string path = data_dir + "/lock";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) FailErrno("use the data folder " + data_dir);
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    close(file);
    throw StoreError("another service uses the data folder " + data_dir + "; stop it first");
  }
  return file;
}

void UnlockDataFolder(int lock_file) {
  if (lock_file >= 0) close(lock_file);
}

std::string DatabaseOf(const std::string& data_dir, const std::string& url) {
  if (url.empty()) return data_dir + "/etalon.db";
  if (sop::store::EngineOf(url) == sop::store::Engine::kPostgresql) return url;
  throw StoreError("the database must be a URL such as postgresql://etalon@db.example.org/etalon");
}

void RefuseLostJournal(const std::string& data_dir, const std::string& database) {
  namespace fs = std::filesystem;
  const fs::path folder(data_dir);
  if (!fs::exists(folder / "log.key")) return;
  if (!fs::exists(folder / "blobs") && !fs::exists(folder / "admin.token")) return;
  const std::string lost = "the journal of " + data_dir + " is gone: ";
  const std::string rest = " while log.key and what came after it are there; ";
  if (sop::store::EngineOf(database) == sop::store::Engine::kPostgresql) {
    throw StoreError(lost + "the database " + sop::store::Shown(database) + " is empty," + rest +
                     "name the right database or restore a backup into it, or start a new record "
                     "in an empty folder");
  }
  throw StoreError(lost + "etalon.db is missing or empty," + rest +
                   "move any etalon.db-wal and etalon.db-shm away and put etalon.db back from a "
                   "backup, or start a new record in an empty folder");
}

sop::journal::LogKey LoadLogKey(const std::string& data_dir, bool new_log,
                                const std::string& origin) {
  const std::string path = data_dir + "/log.key";
  if (!std::filesystem::exists(path)) {
    if (!new_log) {
      throw StoreError("the journal's signing key " + path +
                       " is missing; put it back from the place where it was saved");
    }
    if (origin.empty()) {
      throw StoreError("a new record needs log_origin, for example \"example.org/etalon\"");
    }
    const sop::journal::LogKey key = sop::journal::GenerateLogKey(origin);
    WriteSecret(path, sop::journal::EncodeLogKey(key) + "\n");
    return key;
  }
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  std::string line = text.str();
  while (!line.empty() && line.back() == '\n') line.pop_back();
  const auto key = sop::journal::DecodeLogKey(line);
  if (!key) throw StoreError(path + " is not a signing key; put the right file back");
  return *key;
}

}  // namespace monitor::service
