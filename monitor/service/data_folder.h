#pragma once

#include <string>

#include "sop/journal/checkpoint.h"

namespace monitor::service {

/// Locks the folder for this process; returns the open lock file. Made when missing.
/// Errors  StoreError when another service holds it or it cannot be made.
[[nodiscard]] int LockDataFolder(const std::string& data_dir);
void UnlockDataFolder(int lock_file);

/// Writes `text` (mode 0600) whole and synced before its name exists, replacing what has the name:
/// a key that is lost after signing is a lost log. Errors  StoreError.
void WriteSecret(const std::string& path, const std::string& text);

/// What a Store opens for the folder: `url` where one is given, else the folder's etalon.db.
[[nodiscard]] std::string DatabaseOf(const std::string& data_dir, const std::string& url);

/// For a `database` without any event: StoreError when its folder is not a new one but one that
/// lost its journal, because a new log under the old key would contradict the checkpoints that it
/// has signed.
void RefuseLostJournal(const std::string& data_dir, const std::string& database);

/// The key in data_dir/log.key; `new_log` makes one (mode 0600) when there is none.
/// Errors  StoreError when an existing journal has lost its key or the file cannot be read as one.
[[nodiscard]] sop::journal::LogKey LoadLogKey(const std::string& data_dir, bool new_log,
                                              const std::string& origin);

}  // namespace monitor::service
