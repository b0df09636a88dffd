#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "tests/monitor/service/http_fixture.h"
#include "tests/monitor/service/json_schema.h"

namespace monitor::service {
namespace {

class HttpOpenApiTest : public HttpTest {
 protected:
  HttpOpenApiTest() { document_ = GetJson("/api/v1/openapi.json"); }

  static std::string LowerCase(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
  }
  void ExpectFits(const Json& value, const std::string& pattern, const std::string& method) {
    const Json& content =
        document_.at("paths").at(pattern).at(method).at("responses").at("200").at("content");
    EXPECT_EQ(Violation(value, content.at("application/json").at("schema"), document_), "")
        << method << " " << pattern << "\n"
        << value.dump(1).substr(0, 2000);
  }
  Json document_;
};

TEST_F(HttpOpenApiTest, RoutesAndDocumentNameTheSameThings) {
  std::set<std::string> described;
  for (const auto& [path, item] : document_.at("paths").items()) {
    for (const auto& [method, operation] : item.items()) described.insert(method + " " + path);
  }
  std::set<std::string> routed;
  for (const Route& route : server_->routes()) {
    routed.insert(LowerCase(route.method) + " " + route.pattern);
  }
  EXPECT_EQ(described, routed);
  EXPECT_EQ(routed.size(), server_->routes().size()) << "a route stands twice";
}

TEST_F(HttpOpenApiTest, EveryReferenceLeadsSomewhereAndEverySchemaIsUsed) {
  const std::string text = document_.dump();
  std::set<std::string> used;
  const std::string prefix = "\"#/components/schemas/";
  for (std::size_t at = text.find(prefix); at != text.npos; at = text.find(prefix, at + 1)) {
    const std::size_t begin = at + prefix.size();
    used.insert(text.substr(begin, text.find('"', begin) - begin));
  }
  std::set<std::string> defined;
  for (const auto& [name, schema] : document_["components"]["schemas"].items()) {
    defined.insert(name);
  }
  EXPECT_EQ(used, defined);
}

TEST_F(HttpOpenApiTest, OperationIdsAreUnique) {
  std::set<std::string> seen;
  for (const auto& [path, item] : document_.at("paths").items()) {
    for (const auto& [method, operation] : item.items()) {
      EXPECT_TRUE(seen.insert(operation.at("operationId").get<std::string>()).second) << path;
    }
  }
}

/// Every JSON read, asked for real, answers in the shape that the document promises.
TEST_F(HttpOpenApiTest, RealAnswersFitTheirSchemas) {
  PostJson("/api/v1/faults", {{"instrument", "lsm-1"}, {"text", "no light"}}, admin_, 201);
  const Json receipt = SubmitOne();
  ExpectFits(receipt, "/api/v1/measurements", "post");
  const std::map<std::string, std::string> examples = {
      {"/api/v1/instruments/{id}", "/api/v1/instruments/lsm-1"},
      {"/api/v1/configurations/{id}", "/api/v1/configurations/63x-561?instrument=lsm-1"},
      {"/api/v1/measurements/{key}",
       "/api/v1/measurements/" + receipt.at("key").get<std::string>()},
      {"/api/v1/series", "/api/v1/series?subject=lsm-1/63x-561&quantity=psf.fwhm.z"},
      {"/api/v1/fitness", "/api/v1/fitness?instrument=lsm-1&profile=routine"},
      {"/api/v1/signatures", "/api/v1/signatures?kind=instrument&id=lsm-1"},
      {"/api/v1/proof/{index}", "/api/v1/proof/1"},
      {"/api/v1/consistency", "/api/v1/consistency?from=3&to=7"},
      {"/status/{instrument}", "/status/lsm-1"}};
  for (const Route& route : server_->routes()) {
    if (route.method != "GET" || route.answers.at(0).schema.empty()) continue;
    const auto example = examples.find(route.pattern);
    const std::string target = example == examples.end() ? route.pattern : example->second;
    ASSERT_EQ(target.find('{'), target.npos) << "give an example of " << target;
    const auto answer = Client().Get(target, Bearer(admin_));
    ASSERT_TRUE(answer && answer->status == 200) << target;
    ExpectFits(Json::parse(answer->body), route.pattern, "get");
  }
}

TEST_F(HttpOpenApiTest, RealCommandsFitTheirSchemas) {
  ExpectFits(PostJson("/api/v1/instruments", {{"id", "a"}, {"name", "A"}}, admin_, 201),
             "/api/v1/instruments", "post");
  const Json opened = PostJson("/api/v1/agents/enrolments",
                               {{"agent", "a"}, {"instruments", {"lsm-1"}}}, admin_, 201);
  ExpectFits(opened, "/api/v1/agents/enrolments", "post");
  ExpectFits(PostJson("/api/v1/agents/enrol",
                      {{"code", opened.at("code")},
                       {"public_key", sop::journal::PublicKeyOf(signer_.key)}},
                      "", 201),
             "/api/v1/agents/enrol", "post");
  ExpectFits(PostJson("/api/v1/inbox", {{"entries", Json::array()}}, agent_, 200), "/api/v1/inbox",
             "post");
  ExpectFits(
      PostJson("/api/v1/fitness",
               {{"queries", Json::array({{{"instrument", "lsm-1"}}, {{"instrument", "none"}}})}},
               "", 200),
      "/api/v1/fitness", "post");
  ExpectFits(
      PostJson("/api/v1/faults", {{"instrument", "lsm-1"}, {"text", "no light"}}, admin_, 201),
      "/api/v1/faults", "post");
  ExpectFits(PostJson("/api/v1/erasures", {{"name", "admin"}, {"reason", "asked"}}, admin_, 201),
             "/api/v1/erasures", "post");
  const Json problem = GetJson("/api/v1/instruments/none", 404);
  EXPECT_EQ(Violation(problem, {{"$ref", "#/components/schemas/Problem"}}, document_), "");
}

}  // namespace
}  // namespace monitor::service
