#include "sop/journal/merkle.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/sop/journal/reference_tree.h"
#include "tests/support/memory_tree.h"

namespace sop::journal {
namespace {

using Leaves = std::vector<Digest>;

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

// The leaves and roots that the certificate-transparency tests publish.
constexpr const char* kPublicLeaves[] = {"",
                                         "00",
                                         "10",
                                         "2021",
                                         "3031",
                                         "40414243",
                                         "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f"};
constexpr const char* kPublicRoots[] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

Leaves MakeLeaves(std::size_t count) {
  Leaves leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(LeafHash("event " + std::to_string(i)));
  return leaves;
}
TEST(Merkle, GivesThePublicRoots) {
  MemoryTree tree;
  EXPECT_EQ(ToHex(tree.Root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(RootAt(tree.subtrees(), 0), tree.Root());
  for (std::size_t i = 0; i < 8; ++i) {
    tree.Append(LeafHash(FromHex(kPublicLeaves[i])));
    EXPECT_EQ(ToHex(tree.Root()), kPublicRoots[i]);
  }
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(ToHex(RootAt(tree.subtrees(), i + 1)), kPublicRoots[i]);
  }
}

// Past one tile (256) and its neighbours: every size, every leaf, every earlier size.
TEST(Merkle, ProofsAreThoseOfTheRfcForAllPairsTo260) {
  const Leaves leaves = MakeLeaves(260);
  const MemoryTree tree(leaves);
  const SubtreeSource subtrees = tree.subtrees();
  ReferenceTree reference(leaves);
  for (std::size_t n = 1; n <= leaves.size(); ++n) {
    const Digest root = reference.Mth(n);
    ASSERT_EQ(RootAt(subtrees, n), root) << n;
    for (std::size_t i = 0; i < n; ++i) {
      const Leaves proof = InclusionProof(subtrees, i, n);
      ASSERT_EQ(proof, reference.Path(i, n)) << i << " of " << n;
      ASSERT_TRUE(VerifyInclusion(leaves[i], i, n, proof, root)) << i << " of " << n;
      ASSERT_FALSE(VerifyInclusion(leaves[(i + 1) % 260], i, n, proof, root)) << i << " of " << n;
    }
    ASSERT_TRUE(ConsistencyProof(subtrees, 0, n).empty());
    for (std::size_t m = 1; m <= n; ++m) {
      const Leaves proof = ConsistencyProof(subtrees, m, n);
      ASSERT_EQ(proof, reference.Proof(m, n)) << m << " in " << n;
      ASSERT_TRUE(VerifyConsistency(m, n, proof, reference.Mth(m), root)) << m << " in " << n;
      ASSERT_FALSE(VerifyConsistency(m, n, proof, LeafHash("other"), root)) << m << " in " << n;
    }
  }
}

TEST(Merkle, AlteredProofsAreRefused) {
  const Leaves leaves = MakeLeaves(40);
  const MemoryTree tree(leaves);
  const SubtreeSource subtrees = tree.subtrees();
  for (std::size_t n = 2; n <= 40; ++n) {
    const Digest root = RootAt(subtrees, n);
    for (std::size_t i = 0; i < n; ++i) {
      Leaves longer = InclusionProof(subtrees, i, n);
      longer.push_back(leaves[0]);
      EXPECT_FALSE(VerifyInclusion(leaves[i], i, n, longer, root));
      Leaves shorter = InclusionProof(subtrees, i, n);
      shorter.pop_back();
      EXPECT_FALSE(VerifyInclusion(leaves[i], i, n, shorter, root));
      EXPECT_FALSE(VerifyInclusion(leaves[i], i + 1, n, InclusionProof(subtrees, i, n), root));
    }
    for (std::size_t m = 1; m < n; ++m) {
      Leaves proof = ConsistencyProof(subtrees, m, n);
      const Digest old_root = RootAt(subtrees, m);
      for (Digest& digest : proof) {
        digest[7] ^= 1;
        EXPECT_FALSE(VerifyConsistency(m, n, proof, old_root, root));
        digest[7] ^= 1;
      }
      EXPECT_FALSE(VerifyConsistency(m, n, proof, old_root, old_root));
      proof.pop_back();
      EXPECT_FALSE(VerifyConsistency(m, n, proof, old_root, root));
      proof = ConsistencyProof(subtrees, m, n);
      proof.push_back(leaves[0]);
      EXPECT_FALSE(VerifyConsistency(m, n, proof, old_root, root));
    }
  }
  EXPECT_FALSE(VerifyInclusion(leaves[0], 0, 0, {}, RootAt(subtrees, 0)));
  // A sound path to a root, but of a tree of another size.
  EXPECT_FALSE(
      VerifyInclusion(leaves[0], 0, 3, InclusionProof(subtrees, 0, 2), RootAt(subtrees, 2)));
  EXPECT_FALSE(VerifyConsistency(3, 2, {}, RootAt(subtrees, 3), RootAt(subtrees, 2)));
  EXPECT_FALSE(VerifyConsistency(2, 2, {}, RootAt(subtrees, 3), RootAt(subtrees, 2)));
  EXPECT_FALSE(VerifyConsistency(2, 2, leaves, RootAt(subtrees, 2), RootAt(subtrees, 2)));
}

TEST(Merkle, QuestionsOutsideTheTreeAreRefused) {
  const MemoryTree tree(MakeLeaves(5));
  const SubtreeSource subtrees = tree.subtrees();
  EXPECT_THROW((void)RootAt(subtrees, 6), TileError);
  EXPECT_THROW((void)InclusionProof(subtrees, 5, 5), std::out_of_range);
  EXPECT_THROW((void)InclusionProof(subtrees, 0, 6), TileError);
  EXPECT_THROW((void)ConsistencyProof(subtrees, 1, 6), TileError);
  EXPECT_THROW((void)ConsistencyProof(subtrees, 4, 3), std::out_of_range);
}

}  // namespace
}  // namespace sop::journal
