#include "sop/journal/checkpoint.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "sop/journal/signed_note.h"

namespace sop::journal {
namespace {

// The key and note that golang.org/x/mod/sumdb/note publishes with its tests.
constexpr const char* kVerifier =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr const char* kSigner =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const std::string kText =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
const std::string kNote = kText +
                          "\n\xE2\x80\x94 PeterNeumann "
                          "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
                          "otpRZb6KE6RyyBwJnAM=\n";

TEST(SignedNote, OpensAndMakesThePublishedNote) {
  const auto verifier = DecodeVerifier(kVerifier);
  const auto signer = DecodeSigner(kSigner);
  ASSERT_TRUE(verifier && signer);
  EXPECT_EQ(OpenNote(kNote, *verifier), kText);
  EXPECT_EQ(SignNote(kText, *signer), kNote);
  EXPECT_EQ(EncodeVerifier(*signer), kVerifier);
  EXPECT_EQ(EncodeSigner(*signer), kSigner);
}

TEST(SignedNote, RefusesMangledKeys) {
  for (const std::string key : {kVerifier, kSigner}) {
    const auto opens = [](const std::string& text) {
      return DecodeVerifier(text).has_value() || DecodeSigner(text).has_value();
    };
    ASSERT_TRUE(opens(key));
    for (std::size_t i = 0; i < key.size(); ++i) {
      std::string mangled = key;
      ++mangled[i];
      EXPECT_FALSE(opens(mangled)) << mangled;
      EXPECT_FALSE(opens(key.substr(0, i)));
      EXPECT_FALSE(i > 0 && opens(key.substr(i)));
    }
  }
  // Right hashes over a key that is too long and over an unknown algorithm.
  EXPECT_FALSE(
      DecodeVerifier("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="));
  EXPECT_FALSE(
      DecodeVerifier("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"));
}

TEST(SignedNote, RefusesEveryChangedByte) {
  const auto verifier = *DecodeVerifier(kVerifier);
  for (std::size_t i = 0; i < kNote.size(); ++i) {
    for (const int change : {1, 0x20, 0x80}) {
      std::string tampered = kNote;
      tampered[i] = static_cast<char>(tampered[i] ^ change);
      EXPECT_FALSE(OpenNote(tampered, verifier)) << i;
    }
    EXPECT_FALSE(OpenNote(kNote.substr(0, i), verifier)) << i;
  }
  EXPECT_FALSE(OpenNote("", verifier));
  EXPECT_FALSE(OpenNote(kText, verifier));
  EXPECT_FALSE(OpenNote(kText + "\n", verifier));
  EXPECT_FALSE(OpenNote(kNote + "\n", verifier));
  EXPECT_FALSE(OpenNote(kNote + "junk\n", verifier));
  EXPECT_FALSE(OpenNote(kText + "\x01\n" + kNote.substr(kText.size()), verifier));
}

TEST(SignedNote, PassesOverWitnessesAndRefusesACrowd) {
  const auto verifier = *DecodeVerifier(kVerifier);
  const NoteSigner witness = GenerateNoteSigner("witness.example/one");
  const std::string cosignature = SignNote(kText, witness).substr(kText.size() + 1);
  EXPECT_EQ(OpenNote(kNote + cosignature, verifier), kText);
  EXPECT_EQ(OpenNote(kText + "\n" + cosignature + kNote.substr(kText.size() + 1), verifier), kText);
  EXPECT_FALSE(OpenNote(kText + "\n" + cosignature, verifier));
  std::string crowd = kNote;
  for (std::size_t i = 0; i < kMaxNoteSignatures; ++i) crowd += cosignature;
  EXPECT_FALSE(OpenNote(crowd, verifier));
  // The same name and key id with a signature that does not hold spoils the note.
  EXPECT_FALSE(OpenNote(kNote + SignNote("other\n", *DecodeSigner(kSigner)).substr(7), verifier));
}

TEST(SignedNote, NamesHaveNoSpaceOrPlus) {
  EXPECT_TRUE(IsNoteKeyName("example.org/\xC3\xA9talon"));
  for (const char* name : {"", "a b", "a+b", "a\xC2\xA0z", "a\xE3\x80\x80z", "\xFF", "a\nb"}) {
    EXPECT_FALSE(IsNoteKeyName(name));
    EXPECT_THROW((void)GenerateNoteSigner(name), std::invalid_argument);
  }
}

Checkpoint Example(const LogKey& key) { return {key.origin, 20852163, LeafHash("root")}; }

TEST(Checkpoint, GoesThereAndBack) {
  const LogKey key = GenerateLogKey("example.org/etalon");
  const std::string note = SignCheckpoint(Example(key), key);
  EXPECT_EQ(note.substr(0, note.find('\n', 28) + 1),
            "example.org/etalon\n20852163\n" + note.substr(28, 44) + "\n");
  const auto opened = OpenCheckpoint(note, key.VerifierKey());
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->origin, "example.org/etalon");
  EXPECT_EQ(opened->tree_size, 20852163U);
  EXPECT_EQ(opened->root, LeafHash("root"));
}

TEST(Checkpoint, TheEpochIsALineFromTheSecondOn) {
  const LogKey key = GenerateLogKey("example.org/etalon");
  Checkpoint checkpoint = Example(key);
  EXPECT_EQ(OpenCheckpoint(SignCheckpoint(checkpoint, key), key.VerifierKey())->epoch, 1U);
  checkpoint.epoch = 12;
  const std::string note = SignCheckpoint(checkpoint, key);
  EXPECT_NE(note.find("\nepoch 12\n\n"), std::string::npos);
  EXPECT_EQ(OpenCheckpoint(note, key.VerifierKey())->epoch, 12U);
}

TEST(Checkpoint, KeysGoThereAndBack) {
  const LogKey key = GenerateLogKey("demo/etalon");
  const auto decoded = DecodeLogKey(EncodeLogKey(key));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->origin, key.origin);
  EXPECT_EQ(decoded->secret, key.secret);
  EXPECT_EQ(decoded->VerifierKey(), key.VerifierKey());
  EXPECT_FALSE(DecodeLogKey(key.VerifierKey()));
  EXPECT_FALSE(DecodeLogKey(EncodeLogKey(key) + "\n"));
}

TEST(Checkpoint, RefusesAnotherKeyAndTamperedText) {
  const LogKey key = GenerateLogKey("example.org/etalon");
  const std::string note = SignCheckpoint(Example(key), key);
  EXPECT_FALSE(OpenCheckpoint(note, GenerateLogKey("example.org/etalon").VerifierKey()));
  EXPECT_FALSE(OpenCheckpoint(note, GenerateLogKey("example.org/other").VerifierKey()));
  EXPECT_FALSE(OpenCheckpoint(note, "no key"));
  for (std::size_t i = 0; i < note.size(); ++i) {
    std::string tampered = note;
    tampered[i] = static_cast<char>(tampered[i] ^ 1);
    EXPECT_FALSE(OpenCheckpoint(tampered, key.VerifierKey())) << i;
  }
}

TEST(Checkpoint, ASignedTextOfAnotherFormIsNoCheckpoint) {
  const LogKey key = GenerateLogKey("example.org/etalon");
  const std::string root = Base64(std::string(32, 'r'));
  const auto opens = [&](const std::string& text) {
    return OpenCheckpoint(SignNote(text, {key.origin, key.secret}), key.VerifierKey()).has_value();
  };
  EXPECT_TRUE(opens("example.org/etalon\n7\n" + root + "\n"));
  EXPECT_TRUE(opens("example.org/etalon\n0\n" + root + "\nextension 1\n"));
  EXPECT_TRUE(opens("example.org/etalon\n0\n" + root + "\nother\nepoch 2\n"));
  for (const char* epoch : {"epoch 1", "epoch 0", "epoch 02", "epoch ", "epoch x", "epoch 2 ",
                            "epoch 2\nepoch 2", "epoch 2\nepoch 3"}) {
    EXPECT_FALSE(opens("example.org/etalon\n0\n" + root + "\n" + epoch + "\n")) << epoch;
  }
  EXPECT_FALSE(opens("example.org/other\n7\n" + root + "\n"));
  EXPECT_FALSE(opens("example.org/etalon\n07\n" + root + "\n"));
  EXPECT_FALSE(opens("example.org/etalon\n-7\n" + root + "\n"));
  EXPECT_FALSE(opens("example.org/etalon\n+7\n" + root + "\n"));
  EXPECT_FALSE(opens("example.org/etalon\n18446744073709551616\n" + root + "\n"));
  EXPECT_FALSE(opens("example.org/etalon\n7\n" + Base64("short") + "\n"));
  EXPECT_FALSE(opens("example.org/etalon\n7\n" + root.substr(0, 43) + "\n"));
  EXPECT_FALSE(opens("example.org/etalon\n7\n"));
  EXPECT_FALSE(opens("example.org/etalon\n"));
}

TEST(Checkpoint, IsSignedByItsOwnLogOnly) {
  const LogKey key = GenerateLogKey("example.org/etalon");
  EXPECT_THROW((void)SignCheckpoint({"example.org/other", 1, {}}, key), std::invalid_argument);
}

}  // namespace
}  // namespace sop::journal
