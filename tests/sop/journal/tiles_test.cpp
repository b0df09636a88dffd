#include "sop/journal/tiles.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/sop/journal/reference_tree.h"
#include "tests/support/memory_tree.h"

namespace sop::journal {
namespace {

std::vector<Digest> MakeLeaves(std::size_t count) {
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(LeafHash("event " + std::to_string(i)));
  return leaves;
}

TEST(Tiles, HexGoesThereAndBack) {
  const std::vector<Digest> hashes = MakeLeaves(3);
  const std::string hex = ToHex(hashes);
  EXPECT_EQ(hex.size(), 192U);
  EXPECT_EQ(hex.substr(64, 64), ToHex(hashes[1]));
  EXPECT_EQ(DigestsFromHex(hex), hashes);
  EXPECT_EQ(DigestsFromHex(""), std::vector<Digest>());
  EXPECT_FALSE(DigestsFromHex(hex.substr(1)));
  EXPECT_FALSE(DigestsFromHex(std::string(64, 'A')));
  EXPECT_FALSE(DigestsFromHex(std::string(63, 'a') + "g"));
}

// C2SP's own example: 70,000 leaves.
TEST(Tiles, WidthsAreThoseOfTheSpecification) {
  EXPECT_EQ(OpenWidth(70'000, 0), 112U);
  EXPECT_EQ(OpenWidth(70'000, 1), 17U);
  EXPECT_EQ(OpenWidth(70'000, 2), 1U);
  EXPECT_EQ(OpenWidth(70'000, 3), 0U);
  EXPECT_EQ(OpenWidth(256, 0), 0U);
  EXPECT_EQ(OpenWidth(256, 1), 1U);
  EXPECT_EQ(OpenWidth(UINT64_MAX, 7), 255U);
  EXPECT_EQ(OpenWidth(UINT64_MAX, 8), 0U);
}

TEST(Tiles, HoldTheHashesThatTheSpecificationSays) {
  const std::vector<Digest> leaves = MakeLeaves(70'000);
  const MemoryTree tree(leaves);
  ReferenceTree reference(leaves);
  EXPECT_EQ(tree.Root(), reference.Mth(leaves.size()));
  EXPECT_EQ(tree.stored().size(), 274U + 2U + 1U);
  for (const auto& [id, hashes] : tree.stored()) {
    const std::size_t span = id.level == 0 ? 1 : id.level == 1 ? 256 : 65536;
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      const std::size_t first = (id.index * 256 + i) * span;
      ASSERT_EQ(hashes[i],
                ReferenceTree({leaves.begin() + static_cast<std::ptrdiff_t>(first),
                               leaves.begin() + static_cast<std::ptrdiff_t>(first + span)})
                    .Mth(span))
          << id.level << "/" << id.index << "[" << i << "]";
    }
  }
  EXPECT_EQ(tree.stored().at({0, 273}).size(), 112U);
  EXPECT_EQ(tree.stored().at({1, 1}).size(), 17U);
  EXPECT_EQ(tree.stored().at({2, 0}).size(), 1U);
}

// A service that starts anew at any size goes on as if it had never stopped.
TEST(Tiles, AnEdgeThatIsLoadedGoesOnLikeTheOneThatWasThere) {
  const std::vector<Digest> leaves = MakeLeaves(1100);
  ReferenceTree reference(leaves);
  std::map<TileId, std::vector<Digest>> stored;
  const TileSource tiles = [&](const TileId& id) {
    return stored.contains(id) ? stored.at(id) : std::vector<Digest>();
  };
  for (std::size_t size = 0; size < leaves.size();) {
    TreeEdge edge(size, tiles);
    ASSERT_EQ(edge.Root(), reference.Mth(size)) << size;
    EXPECT_TRUE(edge.TakeChanged().empty());
    for (std::size_t i = 0; i <= size % 7 && size < leaves.size(); ++i) edge.Append(leaves[size++]);
    for (const Tile& tile : edge.TakeChanged()) stored[tile.id] = tile.hashes;
    ASSERT_EQ(edge.Root(), reference.Mth(size)) << size;
  }
  EXPECT_EQ(stored, MemoryTree(leaves).stored());
}

TEST(Tiles, AnEdgeOfTilesThatAreNotThoseOfTheSizeIsRefused) {
  const MemoryTree tree(MakeLeaves(300));
  EXPECT_NO_THROW(TreeEdge(300, tree.tiles()));
  EXPECT_THROW(TreeEdge(299, tree.tiles()), TileError);
  EXPECT_THROW(TreeEdge(301, tree.tiles()), TileError);
  EXPECT_THROW(TreeEdge(70'000, tree.tiles()), TileError);
  EXPECT_THROW((void)TiledSubtrees(tree.tiles())(0, 300), TileError);
  EXPECT_THROW((void)TiledSubtrees(tree.tiles())(8, 1), TileError);
}

}  // namespace
}  // namespace sop::journal
