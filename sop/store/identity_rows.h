#pragma once

#include <cstdint>
#include <string>

namespace sop::store {

// Rows of the tables beside the journal: secrets (as hashes and digests) and what wears off. None
// of them is part of the quality record; a replay of the journal leaves them alone.

struct PasswordRow {
  std::string account;
  std::string hash;  ///< with its own salt and cost parameters, as the hash function writes it
  std::int64_t changed_ms = 0;
  bool initial = false;  ///< somebody else chose it: it opens nothing but its own change
};

struct SessionRow {
  std::string digest;  ///< of the cookie's value
  std::string id;      ///< names it in lists; opens nothing
  std::string account;
  std::int64_t created_ms = 0;
  std::int64_t seen_ms = 0;
  std::string address;
  std::string client;  ///< what the browser called itself
};

struct ApiTokenRow {
  std::string digest;
  std::string id;
  std::string account;
  std::string name;
  std::string rights;  ///< JSON list: the scope
  std::int64_t created_ms = 0;
  std::int64_t expires_ms = 0;
  std::int64_t used_ms = 0;     ///< 0: never
  std::int64_t revoked_ms = 0;  ///< 0: in force
};

struct AccessRow {
  std::int64_t id = 0;
  std::int64_t at_ms = 0;
  std::string subject;  ///< "" for those who have not signed in
  std::string method;
  std::string route;   ///< the pattern; "" for an address that is none
  std::string target;  ///< the path as asked for
  std::int64_t status = 0;
  std::string address;
  std::int64_t times = 1;  ///< like entries of one moment stand once
};

/// Which entries of the access log, newest first; empty strings are wildcards.
struct AccessFilter {
  std::string subject;
  std::int64_t from_ms = INT64_MIN, to_ms = INT64_MAX;
  std::int64_t before_id = INT64_MAX;  ///< for paging
  int limit = 100;
};

}  // namespace sop::store
