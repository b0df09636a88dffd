#include "sop/rights.h"

#include <algorithm>
#include <array>

namespace sop {
namespace {

constexpr bool kPublishable = true;
constexpr bool kForPeople = false;

constexpr std::array kRights = {
    Right{"access_log.read", "read who asked for what", kForPeople},
    Right{"account.manage", "make, change and close accounts, end their sessions", kForPeople},
    Right{"account.own", "own password, sessions and tokens", kForPeople},
    Right{"account.read", "read accounts and who holds which role", kForPeople},
    Right{"agent.enrol", "enrol agents and take their keys back", kForPeople},
    Right{"blob.read", "read stored files and pictures, by digest", kPublishable},
    Right{"checkpoint.read", "read checkpoints, tiles and proofs: digests only", kPublishable},
    Right{"fault.read", "read reported faults and who reported them", kForPeople},
    Right{"fault.report", "report a fault of an instrument", kForPeople},
    Right{"fitness.read", "ask whether an instrument is fit for a use", kPublishable},
    Right{"hold.place", "take an instrument out of use", kForPeople},
    Right{"hold.release", "release a hold", kForPeople},
    Right{"inbox.report", "an agent: report files that wait, replace its own key", kForPeople},
    Right{"measurement.review", "review measurements", kForPeople},
    Right{"measurement.submit", "submit measurements and their files", kForPeople},
    Right{"metrics.read", "read the service's metrics", kPublishable},
    Right{"name.erase", "erase names that need not be kept", kForPeople},
    Right{"procedure.approve", "approve procedures and limits", kForPeople},
    Right{"record.read", "read the quality record", kPublishable},
    Right{"register.change", "change instruments, configurations, profiles and assignments",
          kForPeople},
    Right{"register.read", "read the register: what there is and how it is checked", kPublishable},
    Right{"role.define", "define roles", kForPeople},
    Right{"role.grant", "grant and revoke roles", kForPeople},
    Right{"status.read", "read the status page and badges", kPublishable},
    Right{"study.record", "record repeat studies and scale verifications", kForPeople},
};

constexpr std::array<std::string_view, 4> kPublicRights = {"checkpoint.read", "fitness.read",
                                                           "metrics.read", "status.read"};

/// What everybody who belongs to the facility may do.
const std::vector<std::string>& Member() {
  static const std::vector<std::string> kMember = {
      "account.own",  "blob.read",   "checkpoint.read", "fault.report", "fitness.read",
      "metrics.read", "record.read", "register.read",   "status.read"};
  return kMember;
}

std::vector<std::string> MemberAnd(std::initializer_list<const char*> more) {
  std::vector<std::string> rights = Member();
  rights.insert(rights.end(), more.begin(), more.end());
  std::ranges::sort(rights);
  return rights;
}

std::vector<std::string> Sorted(std::vector<std::string> rights) {
  std::ranges::sort(rights);
  return rights;
}

std::vector<Role> MakeBuiltInRoles() {
  return {
      {"viewer", "Viewer", MemberAnd({})},
      {"operator", "Operator",
       MemberAnd({"fault.read", "measurement.submit", "study.record", "hold.place"})},
      {"reviewer", "Reviewer",
       MemberAnd({"fault.read", "measurement.review", "hold.place", "hold.release"})},
      {"quality_manager", "Quality manager",
       MemberAnd({"fault.read", "measurement.review", "hold.place", "hold.release",
                  "register.change", "procedure.approve", "study.record", "account.read",
                  "access_log.read", "role.grant"})},
      {"auditor", "Auditor",
       Sorted({"access_log.read", "account.own", "account.read", "blob.read", "checkpoint.read",
               "fault.read", "fitness.read", "metrics.read", "record.read", "register.read",
               "status.read"}),
       /*time_boxed=*/true},
      {"administrator", "Administrator",
       MemberAnd({"access_log.read", "account.manage", "account.read", "agent.enrol", "fault.read",
                  "name.erase", "register.change", "role.define", "role.grant"})},
      {"service_engineer", "Service engineer",
       Sorted({"account.own", "fault.read", "fault.report", "fitness.read", "measurement.submit",
               "record.read", "register.read", "status.read"}),
       /*time_boxed=*/true, /*one_instrument=*/true},
      {std::string(kAgentRole), "Agent",
       Sorted({"blob.read", "checkpoint.read", "inbox.report", "measurement.submit",
               "register.read"})},
  };
}

}  // namespace

std::span<const Right> AllRights() { return kRights; }

const Right* FindRight(std::string_view id) {
  const auto found = std::ranges::find(kRights, id, &Right::id);
  return found == kRights.end() ? nullptr : &*found;
}

std::span<const Role> BuiltInRoles() {
  static const std::vector<Role> kRoles = MakeBuiltInRoles();
  return kRoles;
}

std::span<const std::string_view> PublicRights() { return kPublicRights; }

Rights Rights::All() {
  Rights rights;
  for (const Right& right : kRights) rights.Allow(right.id);
  return rights;
}

void Rights::Allow(std::string_view right, std::string_view instrument) {
  where_[std::string(right)].emplace(instrument);
}

void Rights::AllowAll(const Rights& others) {
  for (const auto& [right, instruments] : others.where_) {
    where_[right].insert(instruments.begin(), instruments.end());
  }
}

bool Rights::Holds(std::string_view right) const {
  const auto found = where_.find(right);
  return found != where_.end() && found->second.contains(std::string_view());
}

bool Rights::HoldsOn(std::string_view right, std::string_view instrument) const {
  const auto found = where_.find(right);
  return found != where_.end() && (found->second.contains(std::string_view()) ||
                                   (!instrument.empty() && found->second.contains(instrument)));
}

bool Rights::HoldsSomewhere(std::string_view right) const { return where_.contains(right); }

Rights Rights::Within(std::span<const std::string> names) const {
  Rights within;
  for (const std::string& name : names) {
    const auto found = where_.find(name);
    if (found != where_.end()) within.where_.insert(*found);
  }
  return within;
}

std::vector<std::string> Rights::Names() const {
  std::vector<std::string> names;
  for (const auto& [right, instruments] : where_) names.push_back(right);
  return names;
}

}  // namespace sop
