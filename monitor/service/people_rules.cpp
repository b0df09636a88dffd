#include "monitor/service/people.h"
#include "monitor/service/projection.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;
using sop::store::Table;

constexpr auto kLongestTimeBox = std::chrono::days(366);

std::optional<Json> InForce(JournalWriter::Batch& batch, Table table, std::string_view id) {
  const auto row = batch.tables().Row(table, id, batch.size());
  if (!row) return std::nullopt;
  return Json::parse(row->body);
}

void RequireOpen(JournalWriter::Batch& batch, const std::string& id) {
  const auto account = InForce(batch, Table::kAccount, id);
  if (!account) throw Problem(404, "unknown_account", "there is no account " + id);
  if (account->value("closed", false)) {
    throw Problem(409, "account_closed", "account " + id + " is closed; make another");
  }
}

void CheckUntil(const Json& body, const std::string& role, Milliseconds now) {
  if (!body.contains("until")) {
    throw Problem(422, "missing_field", "until is missing: " + role + " ends by itself");
  }
  const auto until = ParseTime(body["until"].get_ref<const std::string&>()).value();
  if (until > now && until <= now + kLongestTimeBox) return;
  throw Problem(422, "wrong_value", "until must lie ahead, within 366 days");
}

void CheckGrant(const Json& body, JournalWriter::Batch& batch) {
  RequireOpen(batch, body.at("account"));
  const std::string id = body.at("role");
  const auto role = InForce(batch, Table::kRole, id);
  if (!role) throw Problem(422, "unknown_role", "there is no role " + id);
  if (role->value("time_boxed", false)) CheckUntil(body, id, batch.Now());
  if (role->value("one_instrument", false) && !body.contains("instrument")) {
    throw Problem(422, "missing_field", "instrument is missing: " + id + " is for one of them");
  }
  if (body.contains("instrument") &&
      !InForce(batch, Table::kInstrument, body["instrument"].get<std::string>())) {
    throw Problem(422, "unknown_instrument",
                  "instrument " + body["instrument"].get<std::string>() +
                      " is not in the register; register it first");
  }
}

}  // namespace

void CheckPeopleCommand(std::string_view type, const Json& body, JournalWriter::Batch& batch) {
  if (type == "account_created" &&
      InForce(batch, Table::kAccount, body.at("id").get<std::string>())) {
    // An id is an actor of the journal for ever: nobody else may ever act under it.
    throw Problem(409, "account_exists",
                  "account " + body["id"].get<std::string>() + " exists already, open or closed");
  }
  if (type == "account_changed" || type == "account_closed") RequireOpen(batch, body.at("id"));
  if (type == "role_granted") CheckGrant(body, batch);
  if (type == "role_revoked") {
    const std::string id =
        GrantId(body.at("account"), body.at("role"), body.value("instrument", ""));
    if (!InForce(batch, Table::kRoleGrant, id)) {
      throw Problem(404, "unknown_grant", "this role is not granted to this account");
    }
  }
}

}  // namespace monitor::service
