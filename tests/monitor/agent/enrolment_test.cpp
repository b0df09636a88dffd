#include "monitor/agent/enrolment.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "monitor/agent/durable_file.h"
#include "tests/monitor/agent/fake_service.h"
#include "tests/monitor/agent/temporary_folder.h"

namespace monitor::agent {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class EnrolmentTest : public testing::Test {
 protected:
  /// The service's next answers; what it was asked stays in `asked_`.
  void Answer(int status, const json& body) {
    service_.stranger_at = "agents";
    service_.stranger = [=](httplib::Response& response) {
      response.status = status;
      response.set_content(body.dump(), "application/json");
    };
  }
  json EnrolNow(const std::string& name = "room") {
    ServiceClient client(service_.url(), "");
    return Enrol(client, "CODE", credentials_, name);
  }
  [[nodiscard]] std::string Key() const { return ReadFile(credentials_.KeyFile(), 4096); }
  static mode_t ModeOf(const fs::path& file) {
    struct stat status {};
    EXPECT_EQ(stat(file.c_str(), &status), 0) << file;
    return status.st_mode & 0777;
  }

  TemporaryFolder folder_;
  FakeService service_;
  Credentials credentials_{folder_.path() / "agent.token"};
  json enrolled_ = {{"agent", "room"},
                    {"instruments", {"lsm-1"}},
                    {"key_id", "0011223344556677"},
                    {"token", "etalon_secret"}};
};

TEST_F(EnrolmentTest, KeyAndTokenAreTheOwnersAlone) {
  Answer(201, enrolled_);
  const json answer = EnrolNow();
  EXPECT_FALSE(answer.contains("token"));
  EXPECT_EQ(ModeOf(credentials_.KeyFile()), 0600U);
  EXPECT_EQ(ModeOf(credentials_.token_file), 0600U);
  AgentConfig config;
  config.name = "room";
  config.token_file = credentials_.token_file;
  EXPECT_EQ(LoadToken(config), "etalon_secret");
  EXPECT_EQ(sop::journal::EncodeSigningKey(LoadSigner(config)->key) + "\n", Key());
}

TEST_F(EnrolmentTest, ARefusalLeavesWhatWasThere) {
  Answer(201, enrolled_);
  EnrolNow();
  const std::string key = Key();
  Answer(403, {{"type", "/problems/enrolment_refused"}, {"detail", "this code was used"}});
  try {
    EnrolNow();
    ADD_FAILURE() << "refused, and not said";
  } catch (const EnrolmentError& error) {
    EXPECT_STREQ(error.what(), "this code was used");
  }
  Answer(200, "<html>sign in</html>");
  EXPECT_THROW(EnrolNow(), EnrolmentError);
  EXPECT_EQ(Key(), key);
  EXPECT_EQ(ReadFile(credentials_.token_file, 99), "etalon_secret\n");
}

TEST_F(EnrolmentTest, TheCodeOfAnotherAgentIsNotTakenForThisOne) {
  Answer(201, enrolled_);
  EXPECT_THROW(EnrolNow("other-room"), EnrolmentError);
}

TEST_F(EnrolmentTest, ARotationThatWasCutShortIsFinishedWithTheSameKey) {
  Answer(201, enrolled_);
  EnrolNow();
  const std::string old = Key();
  ServiceClient client(service_.url(), "etalon_secret");
  Answer(503, json::object());
  EXPECT_THROW(RotateKey(client, credentials_, "room"), EnrolmentError);
  EXPECT_EQ(Key(), old);
  const std::string next = ReadFile(credentials_.KeyFile().concat(".next"), 4096);
  EXPECT_EQ(ModeOf(credentials_.KeyFile().concat(".next")), 0600U);
  Answer(201, enrolled_);
  RotateKey(client, credentials_, "room");
  EXPECT_EQ(Key(), next);
  EXPECT_NE(next, old);
}

TEST_F(EnrolmentTest, AnAgentWithATokenAndNoKeyDoesNotStart) {
  AgentConfig config;
  EXPECT_FALSE(LoadSigner(config).has_value());
  config.token_file = folder_.Write("agent.token", "etalon_secret\n");
  EXPECT_THROW(static_cast<void>(LoadSigner(config)), StorageError);
  folder_.Write("agent.key", "no key");
  EXPECT_THROW(static_cast<void>(LoadSigner(config)), StorageError);
}

}  // namespace
}  // namespace monitor::agent
