#include <fcntl.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "sop/journal/merkle.h"
#include "tests/monitor/service/record_fixture.h"

// The real program, from start to SIGTERM, and what `verify` and `rebuild` say of what it leaves.
namespace monitor::service {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using sop::store::TestDatabase;

const std::string kProgram = std::string(ETALON_BINARY_DIR) + "/etalon-server";

/// A child whose standard output can be read.
class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return;
    std::vector<std::string> words = {kProgram};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      const int quiet = open("/dev/null", O_WRONLY);
      dup2(quiet, STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(ends[1]);
    out_ = fdopen(ends[0], "r");
  }
  ~Process() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (out_ != nullptr) fclose(out_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] std::string Line() const {
    std::array<char, 4096> line{};
    if (fgets(line.data(), line.size(), out_) == nullptr) return "";
    std::string text = line.data();
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }
  [[nodiscard]] std::string Rest() const {
    std::string all;
    for (std::string line = Line(); !line.empty(); line = Line()) all += line + "\n";
    return all;
  }
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int Terminate() {
    kill(pid_, SIGTERM);
    return Wait();
  }

 private:
  pid_t pid_ = -1;
  FILE* out_ = nullptr;
};

struct Ended {
  int code;
  std::string out;
};
Ended RunProgram(const std::vector<std::string>& arguments) {
  Process process(arguments);
  std::string out = process.Rest();
  const int code = process.Wait();
  return {code, std::move(out)};
}

/// The fixture's submission about another raw file.
class Example : RecordTest {
 public:
  static Json Of(const std::string& digest) {
    Json document =
        Json::parse(Submission(1, 0.5, "2026-03-01T08:00:00Z").at("document").get<std::string>());
    document["inputs"][0]["sha256"] = digest;
    return Wrap(document);
  }

 private:
  void TestBody() override {}
};

class ServeTest : public ::testing::Test {
 protected:
  ServeTest() {
    std::string pattern = (fs::temp_directory_path() / "serve-XXXXXX").string();
    dir_ = mkdtemp(pattern.data());
    database_ = std::make_unique<TestDatabase>(dir_);
    std::ofstream(dir_ / "facility.toml") << kFacility;
  }
  ~ServeTest() override { fs::remove_all(dir_); }

  [[nodiscard]] std::string Data() const { return (dir_ / "data").string(); }
  /// A command's words, with the database that the tests run on.
  [[nodiscard]] std::vector<std::string> Words(std::vector<std::string> words) const {
    if (database_->option().empty()) return words;
    words.emplace_back("--database");
    words.push_back(database_->option());
    return words;
  }
  [[nodiscard]] Ended RunProgram(const std::vector<std::string>& words) const {
    return service::RunProgram(Words(words));
  }
  [[nodiscard]] std::unique_ptr<Process> Start(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = Words({"serve", "--data", Data(), "--listen", ":0"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto process = std::make_unique<Process>(arguments);
    const std::string line = process->Line();
    const std::string prefix = "Listening on http://127.0.0.1:";
    EXPECT_TRUE(line.starts_with(prefix)) << line;
    if (line.starts_with(prefix)) port_ = std::stoi(line.substr(prefix.size()));
    return process;
  }
  [[nodiscard]] std::string Token() const {
    std::ifstream stream(fs::path(Data()) / "admin.token");
    std::string token;
    stream >> token;
    return token;
  }
  void Register(const std::string& id) const {
    httplib::Client client("127.0.0.1", port_);
    const auto result = client.Post("/api/v1/instruments", {{"Authorization", "Bearer " + Token()}},
                                    Json{{"id", id}, {"name", id}}.dump(), "application/json");
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 201) << result->body;
  }
  static std::string DigestOf(const std::string& bytes) {
    return sop::journal::ToHex(sop::journal::Sha256(bytes));
  }
  [[nodiscard]] fs::path BlobFile(const std::string& bytes) const {
    const std::string digest = DigestOf(bytes);
    return fs::path(Data()) / "blobs" / digest.substr(0, 2) / digest.substr(2, 2) / digest;
  }
  /// One measurement whose raw file holds "raw" and whose picture holds "picture".
  void SubmitOne() const {
    httplib::Client client("127.0.0.1", port_);
    const httplib::Headers token = {{"Authorization", "Bearer " + Token()}};
    for (const std::string bytes : {"raw", "picture"}) {
      client.Put("/api/v1/blobs/" + DigestOf(bytes), token, bytes, "application/octet-stream");
    }
    Json submission = Example::Of(DigestOf("raw"));
    submission["pictures"] = Json::array(
        {{{"name", "psf_xy"}, {"media_type", "image/png"}, {"sha256", DigestOf("picture")}}});
    const auto result =
        client.Post("/api/v1/measurements", token, submission.dump(), "application/json");
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 201) << result->body;
  }
  [[nodiscard]] std::string SaveCheckpoint(const std::string& name) const {
    httplib::Client client("127.0.0.1", port_);
    const std::string file = (dir_ / name).string();
    std::ofstream(file) << client.Get("/checkpoint")->body;
    return file;
  }
  /// Changes the journal behind the service's back, past its triggers.
  void Tamper(const std::string& sql) const {
    sop::store::Connection connection(
        database_->option().empty() ? Data() + "/etalon.db" : database_->where(),
        sop::store::Access::kReadWrite);
    if (TestDatabase::OnPostgresql()) {
      connection.Execute("SET session_replication_role = 'replica'");
    } else {
      connection.Execute("DROP TRIGGER event_no_update");
      connection.Execute("DROP TRIGGER event_no_delete");
      connection.Execute("DROP TRIGGER checkpoint_no_delete");
    }
    connection.Execute(sql);
  }

  fs::path dir_;
  std::unique_ptr<TestDatabase> database_;
  int port_ = 0;
};

TEST_F(ServeTest, StartsServesAndStopsCleanly) {
  auto process = Start({"--facility", (dir_ / "facility.toml").string()});
  struct stat status {};
  ASSERT_EQ(stat((Data() + "/admin.token").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  Register("sd-1");
  const std::string old = SaveCheckpoint("old");
  EXPECT_EQ(process->Terminate(), 0);

  EXPECT_EQ(RunProgram({"verify", Data()}).code, 3);
  EXPECT_EQ(RunProgram({"verify", Data(), "--checkpoint", old}).code, 0);
  const Ended rebuilt = RunProgram({"rebuild", "--data", Data()});
  EXPECT_EQ(rebuilt.code, 0) << rebuilt.out;

  const std::string token = Token();
  process = Start();  // a second start keeps record and token
  EXPECT_EQ(Token(), token);
  Register("sd-2");
  const std::string recent = SaveCheckpoint("recent");
  EXPECT_EQ(process->Terminate(), 0);
  EXPECT_EQ(RunProgram({"verify", "--checkpoint", old, "--checkpoint", recent, Data()}).code, 0);
}

TEST_F(ServeTest, AnEmptyTokenOfAStartThatWasCutShortIsReplaced) {
  fs::create_directories(Data());
  auto process = Start();
  EXPECT_EQ(process->Terminate(), 0);
  std::ofstream(Data() + "/admin.token", std::ios::trunc).close();
  process = Start();
  struct stat status {};
  ASSERT_EQ(stat((Data() + "/admin.token").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_FALSE(fs::exists(Data() + "/admin.token.new"));
  Register("sd-1");
  EXPECT_EQ(process->Terminate(), 0);
}

TEST_F(ServeTest, VerifyTellsWhatIsBroken) {
  auto process = Start({"--facility", (dir_ / "facility.toml").string()});
  const std::string early = SaveCheckpoint("early");
  Register("sd-1");
  const std::string late = SaveCheckpoint("late");
  EXPECT_EQ(process->Terminate(), 0);
  Tamper(
      "UPDATE event SET line = replace(line, 'sd-1', 'sd-9') WHERE idx = "
      "(SELECT max(idx) FROM event)");
  const Ended altered = RunProgram({"verify", Data(), "--checkpoint", early});
  EXPECT_EQ(altered.code, 1) << altered.out;
  EXPECT_NE(altered.out.find("line_altered"), std::string::npos) << altered.out;
}

TEST_F(ServeTest, VerifyTellsALostAndAnAlteredFile) {
  auto process = Start({"--facility", (dir_ / "facility.toml").string()});
  SubmitOne();
  const std::string late = SaveCheckpoint("late");
  EXPECT_EQ(process->Terminate(), 0);
  const auto verify = [&](int code, const std::string& words) {
    const Ended ended = RunProgram({"verify", Data(), "--checkpoint", late});
    EXPECT_EQ(ended.code, code) << ended.out;
    EXPECT_NE(ended.out.find(words), std::string::npos) << ended.out;
  };
  verify(0, "blobs: looked for all 2 raw files and pictures, read 2\n");
  const fs::path raw = BlobFile("raw");
  fs::permissions(raw, fs::perms::owner_all);
  std::ofstream(raw) << "war";
  verify(1, "BROKEN raw_altered at event 16: psf.tif is not the file");
  fs::remove(raw);
  verify(1, "BROKEN raw_missing at event 16: psf.tif (sha256 ");
  std::ofstream(raw) << "raw";
  fs::remove(BlobFile("picture"));
  verify(1, "BROKEN picture_missing at event 16: psf_xy");
  fs::remove_all(fs::path(Data()) / "blobs");
  verify(0, "blobs not checked: ");
}

TEST_F(ServeTest, VerifyTellsARollback) {
  if (TestDatabase::OnPostgresql()) GTEST_SKIP() << "the backup is a copy of the folder";
  auto process = Start({"--facility", (dir_ / "facility.toml").string()});
  EXPECT_EQ(process->Terminate(), 0);
  fs::copy(Data(), dir_ / "backup", fs::copy_options::recursive);
  process = Start();
  Register("sd-1");
  const std::string late = SaveCheckpoint("late");
  EXPECT_EQ(process->Terminate(), 0);
  const Ended result = RunProgram({"verify", (dir_ / "backup").string(), "--checkpoint", late});
  EXPECT_EQ(result.code, 1) << result.out;
  EXPECT_NE(result.out.find("rolled_back"), std::string::npos) << result.out;
  EXPECT_EQ(RunProgram({"verify", (dir_ / "backup").string()}).code, 3);
}

TEST_F(ServeTest, ASimulatedClockIsForDemosOnly) {
  const std::vector<std::string> simulated = {
      "serve",   "--data", Data(), "--listen", ":0", "--clock-start", "2026-01-01T00:00:00Z",
      "--origin"};
  auto with_origin = simulated;
  with_origin.emplace_back("example.org/etalon");
  EXPECT_EQ(RunProgram(with_origin).code, 2);
  EXPECT_FALSE(fs::exists(fs::path(Data()) / "etalon.db"));
  auto process = Start({"--clock-start", "2026-01-01T00:00:00Z", "--origin", "demo/x"});
  httplib::Client client("127.0.0.1", port_);
  const auto status = client.Get("/status");
  ASSERT_TRUE(status);
  EXPECT_TRUE(Json::parse(status->body)["as_of"].get<std::string>().starts_with("2026-01-01T00:0"))
      << status->body;
  EXPECT_EQ(process->Terminate(), 0);
}

TEST_F(ServeTest, WrongUsageIsTwo) {
  EXPECT_EQ(RunProgram({"serve"}).code, 2);
  EXPECT_EQ(RunProgram({"serve", "--data", Data(), "--listen", "nonsense"}).code, 2);
  EXPECT_EQ(RunProgram({"verify", (dir_ / "nothing").string()}).code, 1);
}

}  // namespace
}  // namespace monitor::service
