#include "tools/cli/profile_report.h"

#include <catch2/catch.hpp>

#include "tools/cli/job_report.h"
#include "tools/cli/profile_view.h"

namespace pumasi {
namespace {

v1::JobStatus Status() {
  v1::JobStatus status;
  v1::NodeUse* server = status.add_nodes();
  server->set_node("server-0");
  server->set_role(v1::ROLE_SERVER);
  server->mutable_time()->set_seconds(20);
  server->mutable_time()->set_busy(5);
  v1::StageTimes* apply = server->mutable_time()->add_stages();
  apply->set_stage(v1::STAGE_APPLY);
  apply->set_seconds(4);
  apply->set_first_bucket(1);
  for (const uint64_t count : {98, 0, 2}) apply->add_counts(count);
  v1::NodeUse* worker = status.add_nodes();
  worker->set_node("a-worker-with-a-long-name");
  worker->set_role(v1::ROLE_WORKER);
  worker->mutable_time()->set_seconds(10);
  worker->mutable_time()->set_busy(8);
  worker->mutable_time()->mutable_waits()->set_pull(1.5);
  worker->mutable_time()->mutable_waits()->set_batch(0.5);
  v1::WaitedFor* other = worker->mutable_time()->add_waited_for();
  other->set_name("worker-1");
  other->set_seconds(0.5);
  status.mutable_bottleneck()->set_kind(v1::Bottleneck::NETWORK);
  status.mutable_bottleneck()->set_share(0.25);
  status.mutable_bottleneck()->set_sentence("network: some");
  return status;
}

TEST_CASE("Shares are of each node's time") {
  CHECK(ProfileText(Status()) ==
        "worker           compute  lease   read   pull  serve  batch  apply   push\n"
        "a-worker-with-..     80%     0%     0%    15%     0%     5%     0%     0%\n"
        "server              busy  serve   take  apply   save    log\n"
        "server-0             25%     0%     0%    20%     0%     0%\n"
        "bottleneck: network: some\n");
  CHECK(ProfileText(v1::JobStatus()) == "");
}

TEST_CASE("JSON has shares, histograms and the bottleneck") {
  CHECK(ProfileJson(v1::JobStatus()).is_null());
  const Json json = ProfileJson(Status());
  CHECK(json["bottleneck"].dump() == R"({"kind":"network","share":0.25,"node":null,"sentence":"network: some"})");
  CHECK(json["workers"][0]["shares"].dump() ==
        R"({"compute":0.8,"lease":0.0,"read":0.0,"pull":0.15,"serve":0.0,"batch":0.05,"apply":0.0,"push":0.0})");
  CHECK(json["workers"][0]["waited_for"].dump() == R"({"worker-1":0.5})");
  CHECK(json["servers"][0]["busy"] == 0.25);
  const Json& apply = json["servers"][0]["stages"]["apply"];
  CHECK(apply["count"] == 100);
  CHECK(apply["seconds"] == 4.0);
  CHECK(apply["p50"] == 0.0002);
  CHECK(apply["p99"] == 0.0008);
  CHECK(apply["buckets"].dump() == "[[0.0002,98],[0.0004,0],[0.0008,2]]");
  CHECK(JobJson(Status(), 1)["profile"] == json);
  CHECK_FALSE(JobJson(v1::JobStatus(), 1).contains("profile"));
  // A node that told nothing yet.
  v1::JobStatus status;
  status.add_nodes()->set_role(v1::ROLE_WORKER);
  CHECK(ProfileJson(status)["workers"][0]["shares"]["compute"] == 0.0);
  CHECK(ProfileJson(status)["bottleneck"].is_null());
}

TEST_CASE("A block is drawn over the one before, and leaves the line below it alone") {
  CHECK(BlockAbove("a\nb\n", 0) == "\r\033[Ja\nb\n");
  CHECK(BlockAbove("a\nb\n", 2) == "\0337\r\033[2Aa\033[K\nb\033[K\n\0338");
  CHECK(BlockAbove("a\n", 2) == "\r\033[2A\033[Ja\n");
}

}  // namespace
}  // namespace pumasi
