#include <array>

#include "monitor/service/routes.h"
#include "monitor/service/signatures.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

struct CommandRow {
  const char* pattern;
  const char* event;
  const char* right;
  const char* summary;
  const char* path_field;  ///< the field of the body that the address fills; nullptr: none
};

constexpr std::array<CommandRow, 12> kCommands = {{
    {"/api/v1/instruments", "instrument_registered", "register.change",
     "Registers or changes an instrument.", nullptr},
    {"/api/v1/configurations", "configuration_registered", "register.change",
     "Registers or changes a configuration.", nullptr},
    {"/api/v1/profiles", "profile_described", "register.change",
     "Describes what a use profile needs.", nullptr},
    {"/api/v1/procedures", "procedure_approved", "procedure.approve",
     "Approves a version of a procedure.", nullptr},
    {"/api/v1/limits", "limit_set_approved", "procedure.approve",
     "Approves a version of a procedure's limits.", nullptr},
    {"/api/v1/assignments", "assignment_made", "register.change",
     "Assigns a procedure to a configuration.", nullptr},
    {"/api/v1/artefacts", "artefact_registered", "register.change",
     "Registers a reference artefact.", nullptr},
    {"/api/v1/repeat-studies", "repeat_study_recorded", "study.record", "Records a repeat study.",
     nullptr},
    {"/api/v1/scale-records", "scale_recorded", "study.record", "Records a scale verification.",
     nullptr},
    {"/api/v1/holds", "hold_placed", "hold.place",
     "Takes an instrument or configuration out of use.", nullptr},
    {"/api/v1/holds/{id}/release", "hold_released", "hold.release", "Releases a hold.", "hold"},
    {"/api/v1/measurements/{key}/review", "measurement_reviewed", "measurement.review",
     "Records what a person says of a measurement.", "measurement"},
}};

/// The address and the body must speak of the same thing.
void FillFromPath(Json& body, const char* field, const std::string& value) {
  if (body.contains(field) && body[field] != value) {
    throw Problem(400, "path_mismatch",
                  std::string("\"") + field + "\" in the body is not the one in the address.");
  }
  body[field] = value;
}

}  // namespace

void AddCommandRoutes(Router& router, Services& services) {
  for (const CommandRow& row : kCommands) {
    router.Add({.method = "POST",
                .pattern = row.pattern,
                .right = row.right,
                .summary = row.summary,
                .body_schema = "Command",
                .answers = {{"application/json", "Appended"}},
                .refusals = {404, 409, 422},
                .instrument = InstrumentInBody(),
                .handle = [&services, row](Exchange& exchange) {
                  Json body = exchange.JsonBody();
                  if (row.path_field != nullptr) {
                    FillFromPath(body, row.path_field, exchange.path.begin()->second);
                  }
                  const auto signature =
                      services.record.signatures().OfCommand(body, SignerOf(exchange));
                  return CommandReply(
                      201, services.record.Command(row.event, body, exchange.who.value().subject,
                                                   signature ? &*signature : nullptr));
                }});
  }
}

}  // namespace monitor::service
