#include "sop/journal/merkle.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

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

// The definitions of RFC 6962, 2.1, word for word and slow: the reference.
std::size_t Split(std::size_t n) {
  std::size_t k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
Digest Mth(const Digest* leaves, std::size_t n) {
  if (n == 0) return Sha256("");
  if (n == 1) return leaves[0];
  const std::size_t k = Split(n);
  return NodeHash(Mth(leaves, k), Mth(leaves + k, n - k));
}
Leaves Path(std::size_t m, const Digest* leaves, std::size_t n) {
  if (n == 1) return {};
  const std::size_t k = Split(n);
  Leaves path = m < k ? Path(m, leaves, k) : Path(m - k, leaves + k, n - k);
  path.push_back(m < k ? Mth(leaves + k, n - k) : Mth(leaves, k));
  return path;
}
Leaves SubProof(std::size_t m, const Digest* leaves, std::size_t n, bool whole) {
  if (m == n) return whole ? Leaves{} : Leaves{Mth(leaves, n)};
  const std::size_t k = Split(n);
  Leaves proof = m <= k ? SubProof(m, leaves, k, whole) : SubProof(m - k, leaves + k, n - k, false);
  proof.push_back(m <= k ? Mth(leaves + k, n - k) : Mth(leaves, k));
  return proof;
}

Leaves MakeLeaves(std::size_t count) {
  Leaves leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(LeafHash("event " + std::to_string(i)));
  return leaves;
}
MerkleTree TreeOf(const Leaves& leaves) {
  MerkleTree tree;
  for (const Digest& leaf : leaves) tree.Append(leaf);
  return tree;
}

TEST(Merkle, GivesThePublicRoots) {
  MerkleTree tree;
  EXPECT_EQ(ToHex(tree.Root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (std::size_t i = 0; i < 8; ++i) {
    tree.Append(LeafHash(FromHex(kPublicLeaves[i])));
    EXPECT_EQ(ToHex(tree.Root()), kPublicRoots[i]);
  }
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(ToHex(tree.RootAt(i + 1)), kPublicRoots[i]);
}

TEST(Merkle, ProofsAreThoseOfTheRfcForAllPairsTo64) {
  const Leaves leaves = MakeLeaves(64);
  const MerkleTree tree = TreeOf(leaves);
  for (std::size_t n = 1; n <= leaves.size(); ++n) {
    EXPECT_EQ(tree.RootAt(n), Mth(leaves.data(), n));
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(tree.InclusionProof(i, n), Path(i, leaves.data(), n));
      EXPECT_EQ(tree.ConsistencyProof(i + 1, n), SubProof(i + 1, leaves.data(), n, true));
    }
  }
}

TEST(Merkle, ProofsVerifyForAllPairsTo260) {
  const Leaves leaves = MakeLeaves(260);
  const MerkleTree tree = TreeOf(leaves);
  for (std::size_t n = 1; n <= leaves.size(); ++n) {
    const Digest root = tree.RootAt(n);
    ASSERT_EQ(root, Mth(leaves.data(), n));
    for (std::size_t i = 0; i < n; ++i) {
      const Leaves proof = tree.InclusionProof(i, n);
      ASSERT_TRUE(VerifyInclusion(leaves[i], i, n, proof, root)) << i << " of " << n;
      ASSERT_FALSE(VerifyInclusion(leaves[(i + 1) % 260], i, n, proof, root)) << i << " of " << n;
    }
    for (std::size_t m = 0; m <= n; ++m) {
      const Leaves proof = tree.ConsistencyProof(m, n);
      ASSERT_TRUE(VerifyConsistency(m, n, proof, tree.RootAt(m), root)) << m << " in " << n;
      ASSERT_FALSE(VerifyConsistency(m, n, proof, LeafHash("other"), root)) << m << " in " << n;
    }
  }
}

TEST(Merkle, AlteredProofsAreRefused) {
  const Leaves leaves = MakeLeaves(40);
  const MerkleTree tree = TreeOf(leaves);
  for (std::size_t n = 2; n <= 40; ++n) {
    const Digest root = tree.RootAt(n);
    for (std::size_t i = 0; i < n; ++i) {
      Leaves longer = tree.InclusionProof(i, n);
      longer.push_back(leaves[0]);
      EXPECT_FALSE(VerifyInclusion(leaves[i], i, n, longer, root));
      Leaves shorter = tree.InclusionProof(i, n);
      shorter.pop_back();
      EXPECT_FALSE(VerifyInclusion(leaves[i], i, n, shorter, root));
      EXPECT_FALSE(VerifyInclusion(leaves[i], i + 1, n, tree.InclusionProof(i, n), root));
    }
    for (std::size_t m = 1; m < n; ++m) {
      Leaves proof = tree.ConsistencyProof(m, n);
      const Digest old_root = tree.RootAt(m);
      for (Digest& digest : proof) {
        digest[7] ^= 1;
        EXPECT_FALSE(VerifyConsistency(m, n, proof, old_root, root));
        digest[7] ^= 1;
      }
      EXPECT_FALSE(VerifyConsistency(m, n, proof, old_root, old_root));
      proof.pop_back();
      EXPECT_FALSE(VerifyConsistency(m, n, proof, old_root, root));
      proof = tree.ConsistencyProof(m, n);
      proof.push_back(leaves[0]);
      EXPECT_FALSE(VerifyConsistency(m, n, proof, old_root, root));
    }
  }
  EXPECT_FALSE(VerifyInclusion(leaves[0], 0, 0, {}, tree.RootAt(0)));
  // A sound path to a root, but of a tree of another size.
  EXPECT_FALSE(VerifyInclusion(leaves[0], 0, 3, tree.InclusionProof(0, 2), tree.RootAt(2)));
  EXPECT_FALSE(VerifyConsistency(3, 2, {}, tree.RootAt(3), tree.RootAt(2)));
  EXPECT_FALSE(VerifyConsistency(2, 2, {}, tree.RootAt(3), tree.RootAt(2)));
  EXPECT_FALSE(VerifyConsistency(2, 2, leaves, tree.RootAt(2), tree.RootAt(2)));
}

TEST(Merkle, QuestionsOutsideTheTreeAreRefused) {
  const MerkleTree tree = TreeOf(MakeLeaves(5));
  EXPECT_THROW((void)tree.RootAt(6), std::out_of_range);
  EXPECT_THROW((void)tree.InclusionProof(5, 5), std::out_of_range);
  EXPECT_THROW((void)tree.InclusionProof(0, 6), std::out_of_range);
  EXPECT_THROW((void)tree.ConsistencyProof(1, 6), std::out_of_range);
  EXPECT_THROW((void)tree.ConsistencyProof(4, 3), std::out_of_range);
}

}  // namespace
}  // namespace sop::journal
