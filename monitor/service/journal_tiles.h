#pragma once

#include "sop/journal/tiles.h"
#include "sop/store/store.h"

namespace monitor::service {

/// The stored tiles of the journal's hash tree; `tables` must outlive the result. A row that is not
/// the hex of whole hashes counts as one that is not there. Errors  StoreError.
[[nodiscard]] sop::journal::TileSource TilesOf(const sop::store::Reader& tables);

}  // namespace monitor::service
