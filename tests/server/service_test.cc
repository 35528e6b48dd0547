// Two servers as they run, with threads, sockets and files; the scheduler is played.
#include "server/service.h"

#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/checkpoint/push_log.h"
#include "common/clock.h"
#include "common/failpoint.h"
#include "tests/common/temp_folder.h"
#include "tests/server/hosting_story.h"
#include "tests/server/plain_messages.h"

namespace pumasi {
namespace {

constexpr std::chrono::seconds kDeadline{20};

// Takes every report, and lets tests wait for one.
class PlayedScheduler final : public v1::Scheduler::Service {
 public:
  grpc::Status ReportReady(grpc::ServerContext*, const v1::ReportReadyRequest* request,
                           v1::ReportReadyResponse*) override {
    return Take(ready, *request);
  }
  grpc::Status ReportFilled(grpc::ServerContext*, const v1::ReportFilledRequest* request,
                            v1::ReportFilledResponse*) override {
    return Take(filled, *request);
  }
  grpc::Status ReportShardSaved(grpc::ServerContext*, const v1::ReportShardSavedRequest* request,
                                v1::ReportShardSavedResponse*) override {
    return Take(saved, *request);
  }
  grpc::Status ReportFailure(grpc::ServerContext*, const v1::ReportFailureRequest* request,
                             v1::ReportFailureResponse*) override {
    return Take(failures, *request);
  }
  template <typename Condition>
  void WaitUntil(Condition condition) {
    std::unique_lock lock(mutex_);
    REQUIRE(told_.wait_for(lock, kDeadline, condition));
  }

  std::vector<v1::ReportReadyRequest> ready;
  std::vector<v1::ReportFilledRequest> filled;
  std::vector<v1::ReportShardSavedRequest> saved;
  std::vector<v1::ReportFailureRequest> failures;

 private:
  template <typename Request>
  grpc::Status Take(std::vector<Request>& list, const Request& request) {
    std::lock_guard lock(mutex_);
    list.push_back(request);
    told_.notify_all();
    return grpc::Status::OK;
  }
  std::mutex mutex_;
  std::condition_variable told_;
};

struct Served {
  std::unique_ptr<grpc::Server> server;
  std::shared_ptr<grpc::Channel> channel;

  Served(grpc::Service* service, const std::string& address) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(service);
    server = builder.BuildAndStart();
    REQUIRE(server != nullptr);
    channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  }
  ~Served() { server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1)); }
};

v1::Assignment AssignmentOf(const std::string& folder) {
  v1::Assignment assignment;
  assignment.set_job_id("job");
  *assignment.mutable_job() = AdamJob(1);
  assignment.mutable_job()->set_batch(10);
  assignment.mutable_job()->mutable_checkpoint()->set_every_batches(3);
  for (const v1::TableSpec& table : SmallTables()) *assignment.add_tables() = table;
  assignment.mutable_data()->set_train_rows(1000);
  assignment.set_output("out");
  assignment.add_workers(kWorker);
  v1::Layout& layout = *assignment.mutable_layout();
  layout.set_epoch(1);
  for (uint32_t server = 0; server < 2; ++server) {
    layout.add_servers()->set_incarnation(100 + server);
    layout.mutable_servers(server)->set_address("unix:" + folder + "/" + std::to_string(server));
  }
  SetOwners("000000", &layout);
  assignment.set_state(v1::ALLOCATING);
  return assignment;
}

TEST_CASE("Servers make tables, take pushes, copy a slot from each other and write checkpoints") {
  TempFolder folder;
  const std::string root = folder / "";
  PlayedScheduler scheduler;
  Served scheduling(&scheduler, "unix:" + (folder / "s"));
  const auto scheduler_stub = v1::Scheduler::NewStub(scheduling.channel);
  v1::Assignment assignment = AssignmentOf(root);
  PeerConnections peers([](const std::string& address) -> absl::StatusOr<PeerConnections::Stub> {
    return PeerConnections::Stub(
        v1::ParameterServer::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())));
  });
  std::vector<std::unique_ptr<ParameterServerService>> services;
  std::vector<std::unique_ptr<Served>> served;
  std::vector<std::unique_ptr<v1::ParameterServer::Stub>> stubs;
  for (uint32_t server = 0; server < 2; ++server) {
    services.push_back(
        std::make_unique<ParameterServerService>(Hosting::Options{.node = "server", .output_root = root},
                                                 HostedJob::Around{*scheduler_stub, peers, RealFiles(), RealClock()}));
    served.push_back(std::make_unique<Served>(services[server].get(), assignment.layout().servers(server).address()));
    stubs.push_back(v1::ParameterServer::NewStub(served[server]->channel));
  }
  const auto assign = [&] {
    for (uint32_t server = 0; server < 2; ++server) services[server]->SetAssignments(100 + server, {assignment});
  };
  uint64_t version = 0;
  const auto push = [&](uint32_t server) {
    std::mt19937_64 random(version);
    v1::PushRequest request = PushFor(assignment.layout(), server, version, {0, 1}, RandomGradient(random));
    request.mutable_header()->set_job_id("job");
    request.mutable_header()->set_incarnation(kWorker);
    request.mutable_header()->set_layout_epoch(assignment.layout().epoch());
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    v1::PushResponse response;
    const grpc::Status status = stubs[server]->Push(&context, request, &response);
    INFO(status.error_message());
    REQUIRE(status.ok());
    // What a slot was copied with comes as a duplicate.
    REQUIRE(response.outcome() != v1::PushResponse::OUTCOME_UNSPECIFIED);
    REQUIRE(response.version() == version + 1);
  };
  assign();
  scheduler.WaitUntil([&] { return scheduler.ready.size() >= 2; });
  assignment.set_state(v1::TRAINING);
  assign();
  for (; version < 2; ++version) push(0);

  assignment.mutable_layout()->set_epoch(2);
  SetCopies("----11", assignment.mutable_layout()->mutable_slot_filling());
  assign();
  // Waits at the server until the slots are whole.
  push(0), push(1);
  scheduler.WaitUntil([&] { return !scheduler.filled.empty() && scheduler.filled.back().filled_size() == 2; });
  scheduler.WaitUntil([&] { return !scheduler.saved.empty(); });
  CHECK(scheduler.saved[0].error() == "");
  CHECK(scheduler.saved[0].version() == 3);
  CHECK(std::filesystem::file_size(root + "/out/" + scheduler.saved[0].folder() + "/" + scheduler.saved[0].file()) ==
        scheduler.saved[0].size());
  // Both copies pull and go on.
  ++version;
  assignment.mutable_layout()->set_epoch(3);
  assignment.mutable_layout()->clear_slot_filling();
  SetOwners("000011", assignment.mutable_layout());
  assign();
  push(0), push(1);
  for (auto& service : services) {
    service->Stop();
    service->SetAssignments(0, {});
  }
}

// Takes calls for slots, and says nothing until they are cancelled.
class MuteHolder final : public v1::ParameterServer::CallbackService {
 public:
  grpc::ServerWriteReactor<v1::SlotPiece>* FetchSlot(grpc::CallbackServerContext*,
                                                     const v1::FetchSlotRequest*) override {
    struct Mute final : grpc::ServerWriteReactor<v1::SlotPiece> {
      void OnCancel() override { Finish(grpc::Status::CANCELLED); }
      void OnDone() override { delete this; }
    };
    std::lock_guard lock(mutex_);
    ++calls_;
    called_.notify_all();
    return new Mute;
  }
  void WaitForCall(int number) {
    std::unique_lock lock(mutex_);
    REQUIRE(called_.wait_for(lock, kDeadline, [&] { return calls_ >= number; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable called_;
  int calls_ = 0;
};

// A hundred times as fast.
class RushedClock final : public Clock {
 public:
  absl::Duration Now() const override { return RealClock().Now() * 100; }
  absl::Time WallNow() const override { return RealClock().WallNow(); }
};

TEST_CASE("A call for a slot of which nothing comes for ten seconds is given up, made again, and reported") {
  TempFolder folder;
  PlayedScheduler scheduler;
  Served scheduling(&scheduler, "unix:" + (folder / "s"));
  const auto scheduler_stub = v1::Scheduler::NewStub(scheduling.channel);
  v1::Assignment assignment = AssignmentOf(folder / "");
  MuteHolder holder;
  Served holding(&holder, assignment.layout().servers(0).address());
  PeerConnections peers([&](const std::string&) -> absl::StatusOr<PeerConnections::Stub> {
    return PeerConnections::Stub(v1::ParameterServer::NewStub(holding.channel));
  });
  RushedClock clock;
  HostedJob job({.incarnation = 101, .node = "server", .output_root = folder / ""}, assignment,
                {*scheduler_stub, peers, RealFiles(), clock}, [] {});
  scheduler.WaitUntil([&] { return !scheduler.ready.empty(); });
  assignment.set_state(v1::TRAINING);
  assignment.mutable_layout()->set_epoch(2);
  SetCopies("-----1", assignment.mutable_layout()->mutable_slot_filling());
  job.Update(assignment);
  holder.WaitForCall(1);
  scheduler.WaitUntil([&] { return !scheduler.filled.empty(); });
  CHECK(scheduler.filled[0].failed_size() == 1);
  CHECK(scheduler.filled[0].error() == "slot 5: nothing of it came for 10s");
  holder.WaitForCall(2);
}

TEST_CASE("A server logs what it applies; a sync that fails costs its batch's record, a warning, and nothing else") {
  TempFolder folder;
  PlayedScheduler scheduler;
  Served scheduling(&scheduler, "unix:" + (folder / "s"));
  const auto scheduler_stub = v1::Scheduler::NewStub(scheduling.channel);
  PeerConnections peers(
      [](const std::string&) -> absl::StatusOr<PeerConnections::Stub> { return absl::UnavailableError("nobody"); });
  v1::Assignment assignment = AssignmentOf(folder / "");
  assignment.set_push_log("out/push-log");
  // Of the second write.
  REQUIRE(SetFailpoints("server.log.synced=error@2").ok());
  std::mutex mutex;
  std::condition_variable changed;
  HostedJob job({.incarnation = 100, .node = "server", .output_root = folder / ""}, assignment,
                {*scheduler_stub, peers, RealFiles(), RealClock()}, [&] {
                  std::lock_guard lock(mutex);
                  changed.notify_all();
                });
  scheduler.WaitUntil([&] { return !scheduler.ready.empty(); });
  assignment.set_state(v1::TRAINING);
  job.Update(assignment);
  for (uint64_t version = 0; version < 5; ++version) {
    // As a worker would: pulls wait for the log.
    v1::PullRequest pull = PullFor(assignment.layout(), 0, version);
    pull.mutable_header()->set_incarnation(kWorker);
    pull.mutable_header()->set_layout_epoch(1);
    v1::PullResponse pulled;
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, kDeadline, [&] { return PullPlain(job, pull, &pulled).ok(); }));
    lock.unlock();
    std::mt19937_64 random(version);
    v1::PushRequest push = PushFor(assignment.layout(), 0, version, {0, 1}, RandomGradient(random));
    *push.mutable_header() = pull.header();
    v1::PushResponse pushed;
    REQUIRE(PushPlain(job, push, &pushed).ok());
  }
  scheduler.WaitUntil([&] { return !scheduler.failures.empty(); });
  CHECK(scheduler.failures[0].goes_on());
  CHECK(scheduler.failures[0].message().find("could not write the log of batch 1: failpoint server.log.synced") == 0);
  REQUIRE(SetFailpoints("").ok());
  // A pull of batch 5 says that batch 3 is on the disk. What failed was written all the same, but nobody counts on it.
  std::unique_lock lock(mutex);
  v1::PullRequest pull = PullFor(assignment.layout(), 0, 5);
  pull.mutable_header()->set_incarnation(kWorker);
  pull.mutable_header()->set_layout_epoch(1);
  v1::PullResponse pulled;
  REQUIRE(changed.wait_for(lock, kDeadline, [&] { return PullPlain(job, pull, &pulled).ok(); }));
  lock.unlock();
  const auto log = PushLog::Open(RealFiles(), folder / "out/push-log");
  REQUIRE(log.ok());
  CHECK((*log)->EndOf(0, 0) >= 4);
  // Of batches 0 and 1, 2, and from 3 on.
  CHECK(RealFiles().List(folder / "out/push-log")->size() == 3);
}

}  // namespace
}  // namespace pumasi
