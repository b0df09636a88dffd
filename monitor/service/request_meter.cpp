#include "monitor/service/request_meter.h"

#include <algorithm>

namespace monitor::service {

void RequestMeter::Declare(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  rows_.try_emplace(name);
}

void RequestMeter::Count(std::string_view name, double seconds, Outcome outcome) {
  const std::scoped_lock lock(mutex_);
  auto row = rows_.find(name);
  if (row == rows_.end()) row = rows_.find("other");
  const auto bound = std::ranges::lower_bound(kBounds_s, seconds);
  ++row->second.counts[static_cast<std::size_t>(bound - kBounds_s.begin())];
  ++row->second.outcomes[static_cast<std::size_t>(outcome)];
  row->second.sum_s += seconds;
}

std::map<std::string, RequestMeter::Row, std::less<>> RequestMeter::Rows() const {
  const std::scoped_lock lock(mutex_);
  return rows_;
}

}  // namespace monitor::service
