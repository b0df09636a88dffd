#include "monitor/acquisition/printable.h"

#include <gtest/gtest.h>

namespace monitor::acquisition {
namespace {

TEST(Printable, KeepsSoundUtf8) { EXPECT_EQ(Printable("a \xC2\xB5m \xF0\x9F\x94\xAC"), "a µm 🔬"); }

TEST(Printable, ShowsWhatIsNoUtf8) {
  EXPECT_EQ(Printable("f\xFF"), "f\\xFF");
  EXPECT_EQ(Printable("\xC2"), "\\xC2");                    // cut sequence
  EXPECT_EQ(Printable("\xC0\xAF"), "\\xC0\\xAF");           // overlong
  EXPECT_EQ(Printable("\xED\xA0\x80"), "\\xED\\xA0\\x80");  // surrogate
  EXPECT_EQ(Printable("\xF5\x80\x80\x80"), "\\xF5\\x80\\x80\\x80");
}

TEST(Printable, ShowsControlCharacters) { EXPECT_EQ(Printable("a\nb\x7F"), "a\\x0Ab\\x7F"); }

}  // namespace
}  // namespace monitor::acquisition
