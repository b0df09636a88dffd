#include "monitor/service/housekeeper.h"

namespace monitor::service {
namespace {

constexpr auto kTick = std::chrono::seconds(1);
constexpr auto kBetweenPrunings = std::chrono::hours(1);

}  // namespace

Housekeeper::Housekeeper(AccessLog& access_log, SignIns& sign_ins)
    : access_log_(access_log), sign_ins_(sign_ins), thread_([this] { Loop(); }) {}

Housekeeper::~Housekeeper() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ending_.notify_all();
  thread_.join();
}

void Housekeeper::Loop() {
  auto pruned = std::chrono::steady_clock::now();
  for (bool ended = false; !ended;) {
    {
      std::unique_lock lock(mutex_);
      ended = ending_.wait_for(lock, kTick, [this] { return ended_; });
    }
    try {
      access_log_.Flush();
      sign_ins_.Flush();
      if (std::chrono::steady_clock::now() - pruned < kBetweenPrunings) continue;
      pruned = std::chrono::steady_clock::now();
      access_log_.Prune();
      sign_ins_.Prune();
    } catch (const std::exception&) {
      // Requests that write meet the same broken world and say so; what waits is tried again.
    }
  }
}

}  // namespace monitor::service
