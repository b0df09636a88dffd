#include <gtest/gtest.h>

#include <map>

#include "sop/journal/checkpoint.h"
#include "sop/journal/tiles.h"
#include "tests/monitor/service/http_fixture.h"

// A stranger follows the log with nothing but /checkpoint and /tile, as C2SP tlog-tiles says.
namespace monitor::service {
namespace {

using sop::journal::Digest;

class HttpTilesTest : public HttpTest {
 protected:
  [[nodiscard]] int Status(const std::string& target) const { return Client().Get(target)->status; }
  [[nodiscard]] std::vector<Digest> Tile(const std::string& target,
                                         const std::string& cache) const {
    const auto result = Client().Get(target);
    EXPECT_EQ(result->status, 200) << target;
    EXPECT_EQ(result->get_header_value("Content-Type"), "application/octet-stream");
    EXPECT_EQ(result->get_header_value("Cache-Control"), cache) << target;
    std::vector<Digest> hashes(result->body.size() / sizeof(Digest));
    for (std::size_t i = 0; i < hashes.size() * sizeof(Digest); ++i) {
      hashes[i / sizeof(Digest)][i % sizeof(Digest)] = static_cast<std::uint8_t>(result->body[i]);
    }
    return hashes;
  }
  [[nodiscard]] sop::journal::Checkpoint Latest() const {
    const auto result = Client().Get("/checkpoint");
    EXPECT_EQ(result->get_header_value("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(result->get_header_value("Cache-Control"), "no-store");
    return sop::journal::OpenCheckpoint(result->body, record_->VerifierKey()).value();
  }
  void GrowTo(std::uint64_t events) {
    for (std::uint64_t i = Latest().tree_size; i < events; ++i) {
      record_->Command("instrument_registered",
                       {{"id", "i-" + std::to_string(i)}, {"name", "one of many"}}, "admin");
    }
  }
  static constexpr const char* kPartial = "public, max-age=300";
  static constexpr const char* kWhole = "public, max-age=31536000, immutable";
};

TEST_F(HttpTilesTest, TheTilesGiveTheRootOfTheCheckpoint) {
  GrowTo(259);
  const auto checkpoint = Latest();
  ASSERT_EQ(checkpoint.tree_size, 259U);
  std::map<sop::journal::TileId, std::vector<Digest>> tiles = {
      {{0, 0}, Tile("/tile/0/000", kWhole)},
      {{0, 1}, Tile("/tile/0/001.p/3", kPartial)},
      {{1, 0}, Tile("/tile/1/000.p/1", kPartial)}};
  EXPECT_EQ((tiles[{0, 0}].size()), 256U);
  EXPECT_EQ((tiles[{0, 1}].size()), 3U);
  const sop::journal::TreeEdge edge(259, [&](const auto& id) { return tiles.at(id); });
  EXPECT_EQ(edge.Root(), checkpoint.root);
  EXPECT_EQ(sop::journal::RootAt(
                sop::journal::TiledSubtrees([&](const auto& id) { return tiles.at(id); }), 259),
            checkpoint.root);
  // Any earlier width is still there, also once the tile is whole.
  EXPECT_EQ(Tile("/tile/0/001.p/1", kPartial).front(), (tiles[{0, 1}].front()));
  EXPECT_EQ(Tile("/tile/0/000.p/255", kPartial).size(), 255U);
  const Json proof = GetJson("/api/v1/proof/257");
  std::vector<Digest> path;
  for (const auto& hex : proof.at("inclusion")) {
    path.push_back(sop::journal::DigestsFromHex(hex.get<std::string>())->front());
  }
  EXPECT_TRUE(sop::journal::VerifyInclusion((tiles[{0, 1}][1]), 257, 259, path, checkpoint.root));
}

TEST_F(HttpTilesTest, WhatIsNotThereIsNotFound) {
  ASSERT_EQ(Latest().tree_size, 18U);
  EXPECT_EQ(Status("/tile/0/000.p/18"), 200);
  for (const char* target : {"/tile/0/000",
                             "/tile/0/000.p/19",
                             "/tile/0/000.p/0",
                             "/tile/0/000.p/018",
                             "/tile/0/000.p/256",
                             "/tile/0/000.p/-1",
                             "/tile/0/000.p/1x",
                             "/tile/0/0.p/18",
                             "/tile/0/0000.p/18",
                             "/tile/0/x000/000.p/18",
                             "/tile/0/000/000.p/18",
                             "/tile/0/001.p/1",
                             "/tile/1/000.p/1",
                             "/tile/00/000.p/18",
                             "/tile/64/000.p/1",
                             "/tile/63/000.p/1",
                             "/tile/x/000.p/1",
                             "/tile/entries/000",
                             "/tile/entries/000.p/18",
                             "/tile/0",
                             "/tile",
                             "/tile/0/x001/234",
                             "/tile/0/x001/x234/067",
                             "/tile/0/x999/x999/x999/999"}) {
    const auto result = Client().Get(target);
    EXPECT_EQ(result->status, 404) << target;
    EXPECT_EQ(result->get_header_value("Content-Type"), "application/problem+json") << target;
  }
}

}  // namespace
}  // namespace monitor::service
