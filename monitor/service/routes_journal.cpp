#include <charconv>

#include "monitor/service/routes.h"

namespace monitor::service {
namespace {

using Json = nlohmann::json;

constexpr int kPage = 100;
constexpr int kLongestPage = 500;

std::uint64_t Size(Exchange& exchange, const char* name) {
  const std::string text = exchange.Query(name);
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return size;
  throw Problem(400, "bad_parameter",
                std::string("\"") + name + "\" is a number of events: the size of a checkpoint.");
}

std::uint64_t Index(const std::string& text) {
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return index;
  throw Problem(400, "bad_parameter", "A log index is a whole number, counted from 0.");
}

}  // namespace

void AddJournalRoutes(Router& router, Services& services) {
  router.Add({.method = "GET",
              .pattern = "/api/v1/events",
              .right = "record.read",
              .summary = "The journal's events in their order.",
              .query = {{"from", "The first log index; 0 when absent."}, LimitParameter()},
              .answers = {{"application/json", "List"}},
              .handle = [&services](Exchange& exchange) {
                const std::string from = exchange.Query("from");
                const int limit = exchange.Count("limit", kPage);
                if (limit < 1 || limit > kLongestPage) {
                  throw Problem(400, "bad_parameter", "\"limit\" lies between 1 and 500.");
                }
                return JsonReply(services.record.Events(from.empty() ? 0 : Index(from), limit));
              }});
  router.Add({.method = "GET",
              .pattern = "/api/v1/proof/{index}",
              .right = "checkpoint.read",
              .summary = "The Merkle inclusion proof of one event.",
              .answers = {{"application/json", "Proof"}},
              .refusals = {404},
              .handle = [&services](Exchange& exchange) {
                return JsonReply(services.record.Proof(Index(exchange.path["index"])));
              }});
  router.Add(
      {.method = "GET",
       .pattern = "/api/v1/consistency",
       .right = "checkpoint.read",
       .summary = "The Merkle proof that an earlier checkpoint's journal begins a later one's.",
       .query = {{"from", "The earlier checkpoint's number of events."},
                 {"to", "The later checkpoint's number of events."}},
       .answers = {{"application/json", "Consistency"}},
       .handle = [&services](Exchange& exchange) {
         return JsonReply(
             services.record.Consistency(Size(exchange, "from"), Size(exchange, "to")));
       }});
  router.Add({.method = "GET",
              .pattern = "/api/v1/log/epochs",
              .right = "checkpoint.read",
              .summary = "Each restore of a backup, proven to be in the log.",
              .answers = {{"application/json", "LogEpochs"}},
              .handle = [&services](Exchange&) { return JsonReply(services.record.Epochs()); }});
  router.Add({.method = "GET",
              .pattern = "/api/v1/anchors",
              .right = "checkpoint.read",
              .summary = "Checkpoints that a timestamp authority has stamped (RFC 3161).",
              .answers = {{"application/json", "Anchors"}},
              .handle = [&services](Exchange&) { return JsonReply(services.record.Anchors()); }});
  router.Add({.method = "GET",
              .pattern = "/checkpoint",
              .right = "checkpoint.read",
              .summary = "The latest signed checkpoint (C2SP tlog-checkpoint).",
              .answers = {{"text/plain; charset=utf-8", ""}},
              .handle = [&services](Exchange&) {
                Reply reply;
                reply.media_type = "text/plain; charset=utf-8";
                reply.body = services.record.Checkpoint();
                reply.headers.emplace_back("Etalon-Verifier-Key", services.record.VerifierKey());
                return reply;
              }});
}

}  // namespace monitor::service
