#pragma once

#include "sop/store/connection.h"

namespace sop::store {

inline constexpr std::int64_t kSchemaVersion = 1;

/// Brings an empty or older database to kSchemaVersion, one transaction a step; forward only.
/// Errors  StoreError when the schema is newer than this program.
void Migrate(Connection& connection);

/// StoreError unless the schema is exactly kSchemaVersion.
void RequireCurrentSchema(Connection& connection);

}  // namespace sop::store
