#include <charconv>

#include "monitor/service/routes.h"
#include "sop/journal/tiles.h"

namespace monitor::service {
namespace {

// Content never changes once a tile is whole; a partial one is asked for by its width.
constexpr const char* kForGood = "public, max-age=31536000, immutable";
constexpr const char* kForAWhile = "public, max-age=300";
constexpr int kMostGroups = 3;  // of three digits of a tile's index: 2.5e11 events

[[noreturn]] void NoSuchTile() {
  throw Problem(404, "unknown_tile", "The journal has no such tile; see /checkpoint for its size.");
}

/// Digits without sign or leading zero.
std::uint64_t Decimal(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || (text.size() > 1 && text[0] == '0')) NoSuchTile();
  return value;
}

/// C2SP: three digits a path element, all but the last behind an x: x001/x234/067.
std::uint64_t Index(Exchange& exchange, int groups) {
  std::uint64_t index = 0;
  for (int group = groups; group-- > 0;) {
    std::string digits = exchange.path["n" + std::to_string(group)];
    if (group > 0) {
      if (!digits.starts_with('x')) NoSuchTile();
      digits.erase(0, 1);
    }
    const bool three = digits.size() == 3 && digits.find_first_not_of("0123456789") == digits.npos;
    if (!three || (group == groups - 1 && group > 0 && digits == "000")) NoSuchTile();
    index = 1000 * index + static_cast<std::uint64_t>(std::stoi(digits));
  }
  return index;
}

Reply TileReply(Services& services, Exchange& exchange, int groups, bool whole) {
  const std::uint64_t level = Decimal(exchange.path["level"]);
  const std::uint64_t width = whole ? sop::journal::kTileWidth : Decimal(exchange.path["width"]);
  const bool asked_well = level <= 63 && width > 0 && (whole || width < sop::journal::kTileWidth);
  if (!asked_well) NoSuchTile();
  auto bytes = services.record.Tile({static_cast<int>(level), Index(exchange, groups)},
                                    static_cast<std::size_t>(width));
  if (!bytes) NoSuchTile();
  Reply reply;
  reply.media_type = "application/octet-stream";
  reply.body = std::move(*bytes);
  reply.etag = EntityTag(reply.body);
  reply.cache_control = whole ? kForGood : kForAWhile;
  return reply;
}

/// "{n0}", "{n1}/{n0}", ...: one route a number of path elements.
std::string IndexPattern(int groups) {
  std::string pattern;
  for (int group = groups; group-- > 0;) {
    pattern += "/{n" + std::to_string(group) + "}";
  }
  return pattern;
}

}  // namespace

void AddTileRoutes(Router& router, Services& services) {
  for (const bool whole : {false, true}) {  // "{n0}.p" before the "{n1}" that would take it
    for (int groups = 1; groups <= kMostGroups; ++groups) {
      router.Add({.method = "GET",
                  .pattern = "/tile/{level}" + IndexPattern(groups) + (whole ? "" : ".p/{width}"),
                  .right = "checkpoint.read",
                  .summary = whole ? "256 hashes of the journal's Merkle tree (C2SP tlog-tiles)."
                                   : "The first hashes of a tile that is not yet whole.",
                  .answers = {{"application/octet-stream", ""}},
                  .refusals = {404},
                  .handle = [&services, groups, whole](Exchange& exchange) {
                    return TileReply(services, exchange, groups, whole);
                  }});
    }
  }
}

}  // namespace monitor::service
