#pragma once

#include "sop/store/connection.h"

namespace sop::store {

inline constexpr std::int64_t kSchemaVersion = 6;

/// Writes a tile, or writes it again with more hashes: level, index, hashes.
inline constexpr const char* kPutTile =
    "INSERT INTO tile (level, idx, hashes) VALUES (:p1, :p2, :p3) "
    "ON CONFLICT (level, idx) DO UPDATE SET hashes = excluded.hashes";
/// Which measurements count, judge, or were found so: in the words of the partial indexes.
inline constexpr const char* kCounts = "purpose <> 'practice'";
inline constexpr const char* kIsGood = "outcome IN ('pass', 'conditional_pass')";
inline constexpr const char* kIsBad = "outcome IN ('fail', 'conditional_fail')";
inline constexpr const char* kIsAsFound = "purpose = 'as_found'";

/// Brings an empty or older database to version `to`, one transaction a step; forward only.
/// Errors  StoreError when the schema is newer than this program.
void Migrate(Connection& connection, std::int64_t to = kSchemaVersion);

/// StoreError unless the schema is exactly kSchemaVersion.
void RequireCurrentSchema(Connection& connection);

}  // namespace sop::store
