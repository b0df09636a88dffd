#include <algorithm>

#include "dashboards/web/assets.h"
#include "monitor/service/routes.h"

namespace monitor::service {
namespace {

const dashboards::web::Asset* FindAsset(std::string_view path) {
  const auto assets = dashboards::web::Assets();
  const auto found = std::ranges::find(assets, path, &dashboards::web::Asset::path);
  return found == assets.end() ? nullptr : &*found;
}

Reply Serve(std::string_view path) {
  const auto* asset = FindAsset(path);
  if (asset == nullptr) throw Problem(404, "not_found", "There is nothing at this address.");
  Reply reply;
  reply.media_type = asset->media_type;
  reply.body = asset->bytes;
  reply.etag = EntityTag(asset->bytes);
  reply.cache_control = asset->immutable ? "public, max-age=31536000, immutable" : "no-cache";
  return reply;
}

}  // namespace

void AddWebRoutes(Router& router) {
  // The page reads its own address: one file serves them all.
  for (const char* page :
       {"/", "/account", "/sign-in", "/instruments", "/instruments/{id}", "/measurements/{key}"}) {
    router.Add({.method = "GET",
                .pattern = page,
                .right = kAnyone,
                .summary = "A page for people.",
                .answers = {{"text/html; charset=utf-8", ""}},
                .is_page = true,
                .handle = [](Exchange&) { return Serve("/index.html"); }});
  }
  router.Add(
      {.method = "GET",
       .pattern = "/assets/{name}",
       .right = kAnyone,
       .summary = "Styles, scripts and pictures of the pages.",
       .answers = {{"*/*", ""}},
       .refusals = {404},
       .handle = [](Exchange& exchange) { return Serve("/assets/" + exchange.path["name"]); }});
}

}  // namespace monitor::service
