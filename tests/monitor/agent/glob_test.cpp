#include "monitor/agent/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace monitor::agent {
namespace {

TEST(Glob, StarStaysWithinOnePart) {
  EXPECT_TRUE(MatchesGlob("psf_*.tif", "psf_01.tif"));
  EXPECT_TRUE(MatchesGlob("psf_*.tif", "psf_.tif"));
  EXPECT_FALSE(MatchesGlob("psf_*.tif", "psf_a/b.tif"));
  EXPECT_FALSE(MatchesGlob("psf_*.tif", "psf_01.tiff"));
  EXPECT_FALSE(MatchesGlob("psf_*.tif", "2026/psf_01.tif"));
}

TEST(Glob, TwoStarsTakeAnyNumberOfParts) {
  EXPECT_TRUE(MatchesGlob("**/psf_*.tif", "psf_01.tif"));
  EXPECT_TRUE(MatchesGlob("**/psf_*.tif", "a/psf_01.tif"));
  EXPECT_TRUE(MatchesGlob("**/psf_*.tif", "a/b/c/psf_01.tif"));
  EXPECT_FALSE(MatchesGlob("**/psf_*.tif", "a/xpsf_01.tif"));
  EXPECT_TRUE(MatchesGlob("a/**/b", "a/b"));
  EXPECT_TRUE(MatchesGlob("a/**/b", "a/x/y/b"));
  EXPECT_FALSE(MatchesGlob("a/**/b", "a/xb"));
  EXPECT_TRUE(MatchesGlob("a/**", "a/x/y"));
  EXPECT_FALSE(MatchesGlob("a/**", "b/x"));
  EXPECT_TRUE(MatchesGlob("**", "x/y"));
}

TEST(Glob, SetsAndSingleCharacters) {
  EXPECT_TRUE(MatchesGlob("f?.tif", "f1.tif"));
  EXPECT_FALSE(MatchesGlob("f?.tif", "f/.tif"));
  EXPECT_TRUE(MatchesGlob("f[0-9].tif", "f7.tif"));
  EXPECT_FALSE(MatchesGlob("f[!0-9].tif", "f7.tif"));
  EXPECT_TRUE(MatchesGlob("f[.tif", "f[.tif"));  // an open bracket is itself
  EXPECT_FALSE(MatchesGlob("F.tif", "f.tif"));
}

TEST(Glob, MatchesNamesThatAreNotUtf8) { EXPECT_TRUE(MatchesGlob("*.tif", "b\xff\xfe.tif")); }

TEST(Glob, IsNotSlowedByAHostilePattern) {
  std::string glob;
  for (int i = 0; i < 60; ++i) glob += "a*";
  EXPECT_FALSE(MatchesGlob(glob + "b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace monitor::agent
