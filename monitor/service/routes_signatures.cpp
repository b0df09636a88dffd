#include "monitor/service/routes.h"
#include "monitor/service/signatures.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

void AddPolicy(Router& router, Services& services) {
  router.Add({.method = "GET",
              .pattern = "/api/v1/signing-policy",
              .right = "register.read",
              .summary = "Who may not sign what they did, and which commands ask for a signature.",
              .answers = {{"application/json", "SigningPolicy"}},
              .handle = [&services](Exchange&) {
                return JsonReply(services.record.signatures().Policy());
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/signing-policy",
              .right = "role.define",
              .summary = "Sets the policy on signatures, in place of the one in force.",
              .body_schema = "SigningPolicy",
              .answers = {{"application/json", "Appended"}},
              .refusals = {422},
              .handle = [&services](Exchange& exchange) {
                return CommandReply(201, services.record.signatures().SetPolicy(
                                             exchange.JsonBody(), exchange.who.value().subject));
              }});
}

}  // namespace

Signatures::Who SignerOf(const Exchange& exchange) {
  const auto& who = exchange.who.value();
  return {who.subject, who.session, who.rights, {exchange.address, exchange.client}};
}

void AddSignatureRoutes(Router& router, Services& services) {
  router.Add({.method = "GET",
              .pattern = "/api/v1/signatures",
              .right = "record.read",
              .summary = "A record as it is signed now, and its signatures, oldest first.",
              .query = {{"kind", "The kind of record: measurement, procedure, limit_set, hold ...",
                         Parameter::Kind::kText, true},
                        {"id", "The record's id.", Parameter::Kind::kText, true}},
              .answers = {{"application/json", "Signatures"}},
              .refusals = {404, 422},
              .handle = [&services](Exchange& exchange) {
                return JsonReply(
                    services.record.signatures().Of(exchange.Query("kind"), exchange.Query("id")));
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/signatures",
              .right = "account.own",
              .summary = "Signs a record; asks for the password again.",
              .body_schema = "SignatureOrder",
              .answers = {{"application/json", "Signed"}},
              .refusals = {404, 409, 422, 429},
              .any_instrument = true,
              .handle = [&services](Exchange& exchange) {
                return CommandReply(201, services.record.signatures().Sign(exchange.JsonBody(),
                                                                           SignerOf(exchange)));
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/signatures/{id}/invalidate",
              .right = "account.own",
              .summary = "Takes a signature back, with a reason; both stay visible.",
              .body_schema = "SignatureEnd",
              .answers = {{"application/json", "Appended"}},
              .refusals = {404, 409, 422, 429},
              .any_instrument = true,
              .handle = [&services](Exchange& exchange) {
                return CommandReply(
                    201, services.record.signatures().Invalidate(
                             exchange.path["id"], exchange.JsonBody(), SignerOf(exchange)));
              }});
  AddPolicy(router, services);
}

}  // namespace monitor::service
