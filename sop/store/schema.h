#pragma once

#include "sop/store/connection.h"

namespace sop::store {

inline constexpr std::int64_t kSchemaVersion = 4;

/// Writes a tile, or writes it again with more hashes: level, index, hashes.
inline constexpr const char* kPutTile =
    "INSERT INTO tile (level, idx, hashes) VALUES (:p1, :p2, :p3) "
    "ON CONFLICT (level, idx) DO UPDATE SET hashes = excluded.hashes";

/// Brings an empty or older database to kSchemaVersion, one transaction a step; forward only.
/// Errors  StoreError when the schema is newer than this program.
void Migrate(Connection& connection);

/// StoreError unless the schema is exactly kSchemaVersion.
void RequireCurrentSchema(Connection& connection);

}  // namespace sop::store
