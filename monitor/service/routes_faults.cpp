#include "monitor/service/routes.h"

namespace monitor::service {

void AddFaultRoutes(Router& router, Services& services) {
  router.Add({.method = "POST",
              .pattern = "/api/v1/faults",
              .right = "fault.report",
              .summary = "Reports a fault of an instrument; name and text can be erased later.",
              .body_schema = "FaultReport",
              .answers = {{"application/json", "Appended"}},
              .refusals = {422},
              .instrument = InstrumentInBody(),
              .handle = [&services](Exchange& exchange) {
                return CommandReply(201, services.record.ReportFault(exchange.JsonBody(),
                                                                     exchange.who.value().subject));
              }});
  router.Add({.method = "GET",
              .pattern = "/api/v1/faults",
              .right = "fault.read",
              .summary = "Reported faults; what was erased is null.",
              .query = {{"instrument", "Only this instrument's."}, AsOfParameter()},
              .answers = {{"application/json", "Faults"}},
              .instrument = InstrumentInQuery(),
              .handle = [&services](Exchange& exchange) {
                return CommandReply(
                    200, services.record.Faults(exchange.Query("instrument"), exchange.AsOf()));
              }});
  router.Add({.method = "POST",
              .pattern = "/api/v1/erasures",
              .right = "name.erase",
              .summary = "Erases a name for good; that it was done, when and why stays.",
              .body_schema = "Erasure",
              .answers = {{"application/json", "Erased"}},
              .refusals = {404, 422},
              .handle = [&services](Exchange& exchange) {
                return CommandReply(201, services.record.EraseNames(exchange.JsonBody(),
                                                                    exchange.who.value().subject));
              }});
}

}  // namespace monitor::service
