#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sop {

/// Something that a request may ask for; a route names one.
struct Right {
  std::string_view id;    ///< "record.read"
  std::string_view text;  ///< what it allows, for people
  bool publishable;       ///< may be given to those who have not signed in
};

/// The closed list of rights, by id.
[[nodiscard]] std::span<const Right> AllRights();
[[nodiscard]] const Right* FindRight(std::string_view id);

/// A named set of rights, as `role_defined` keeps it.
struct Role {
  std::string id;
  std::string title;
  std::vector<std::string> rights;
  bool time_boxed = false;      ///< is granted until a time, never for good
  bool one_instrument = false;  ///< is granted on one instrument, never on all
};

/// The roles that a new record begins with. "agent" is for programs that submit and is never
/// granted to people.
[[nodiscard]] std::span<const Role> BuiltInRoles();

/// What those who have not signed in may do, until a facility defines the role of this id.
inline constexpr std::string_view kPublicRole = "public";
inline constexpr std::string_view kAgentRole = "agent";
[[nodiscard]] std::span<const std::string_view> PublicRights();

/// What somebody may do: each right everywhere, or on named instruments only.
class Rights {
 public:
  /// Every right of the list, everywhere.
  [[nodiscard]] static Rights All();
  /// An empty `instrument` is everywhere.
  void Allow(std::string_view right, std::string_view instrument = {});
  void AllowAll(const Rights& others);

  [[nodiscard]] bool Holds(std::string_view right) const;  ///< everywhere
  [[nodiscard]] bool HoldsOn(std::string_view right, std::string_view instrument) const;
  [[nodiscard]] bool HoldsSomewhere(std::string_view right) const;
  /// Those of `names` only, where they are held: a token's scope never adds anything.
  [[nodiscard]] Rights Within(std::span<const std::string> names) const;
  [[nodiscard]] std::vector<std::string> Names() const;

 private:
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> where_;
};

}  // namespace sop
