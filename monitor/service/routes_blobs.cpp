#include "monitor/service/routes.h"

namespace monitor::service {
namespace {

std::string Digest(const Exchange& exchange) {
  const std::string digest = exchange.path.find("sha256")->second;
  if (BlobStore::IsDigest(digest)) return digest;
  throw Problem(400, "bad_digest", "A blob's name is its SHA-256 in 64 lower-case hex digits.");
}

Reply Stored(int status, const std::string& digest) {
  return CommandReply(status, {{"sha256", digest}, {"url", "/api/v1/blobs/" + digest}});
}

Reply Put(Services& services, Exchange& exchange) {
  const std::string digest = Digest(exchange);
  if (services.blobs.Has(digest)) {
    exchange.read_body([](std::string_view) { return true; });
    return Stored(200, digest);
  }
  BlobStore::Upload upload = services.blobs.Begin(digest);
  std::uint64_t received = 0;
  const bool whole = exchange.read_body([&](std::string_view bytes) {
    received += bytes.size();
    upload.Write(bytes);
    return true;
  });
  if (!whole || received != exchange.body_length) {
    throw Problem(400, "body_cut_short", "The body ended early; send it again.");
  }
  if (!upload.Commit()) {
    throw Problem(422, "digest_mismatch",
                  "The body's SHA-256 is not the one in the address; nothing was stored.");
  }
  return Stored(201, digest);
}

Reply Get(Services& services, Exchange& exchange) {
  const std::string digest = Digest(exchange);
  if (!services.blobs.Has(digest)) {
    throw Problem(404, "unknown_blob", "No blob with this digest is stored.");
  }
  Reply reply;
  reply.file = services.blobs.PathOf(digest);
  reply.media_type = SniffMediaType(reply.file);
  reply.etag = "\"" + digest + "\"";
  reply.cache_control = "public, max-age=31536000, immutable";
  if (reply.media_type == "image/svg+xml") {
    // A drawing can hold a script; opened by itself it must not run with our origin's rights.
    reply.headers.emplace_back("Content-Security-Policy", "default-src 'none'; sandbox");
  }
  if (!reply.media_type.starts_with("image/")) {
    reply.headers.emplace_back("Content-Disposition", "attachment");
  }
  return reply;
}

}  // namespace

void AddBlobRoutes(Router& router, Services& services) {
  router.Add({.method = "PUT",
              .pattern = "/api/v1/blobs/{sha256}",
              .right = "measurement.submit",
              .summary = "Stores a raw file or picture under its SHA-256.",
              .body_media = "application/octet-stream",
              .answers = {{"application/json", "Blob"}},
              .refusals = {413, 422},
              .any_instrument = true,
              .handle = [&services](Exchange& exchange) { return Put(services, exchange); }});
  router.Add({.method = "GET",
              .pattern = "/api/v1/blobs/{sha256}",
              .right = "blob.read",
              .summary = "The stored bytes; HEAD tells whether they are there.",
              .answers = {{"application/octet-stream", ""}},
              .refusals = {404},
              .handle = [&services](Exchange& exchange) { return Get(services, exchange); }});
}

}  // namespace monitor::service
