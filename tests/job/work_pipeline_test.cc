#include "worker/job/work_pipeline.h"

#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/layout/slot_roles.h"
#include "common/layout/slots.h"
#include "tests/job/fake_cluster.h"
#include "tests/job/tiny_work.h"
#include "worker/exchange/server_link.h"

namespace pumasi {
namespace {

constexpr uint32_t kSlots = 8;
constexpr uint32_t kParts = 4;
constexpr uint64_t kEpochs = 8;
constexpr uint64_t kBatches = 3 * kEpochs;

// As CountingRows, for several threads.
class Rows : public RowSource {
 public:
  uint64_t rows() const override { return 23; }
  void Get(uint64_t row, std::vector<uint32_t>* tokens, std::vector<uint32_t>* labels) const override {
    tokens->clear();
    for (uint64_t i = 0; i <= row % 4; ++i) tokens->push_back(static_cast<uint32_t>((row * 5 + i * 7) % kVocabulary));
    *labels = {static_cast<uint32_t>(row % kClasses)};
  }
};

// Workers that count (the optimizer `count`) on three servers.
class Counting {
 public:
  // One call in `one_in` fails; 0: none does. Workers send and take no larger messages than `max_message`, and servers
  // take none larger than `max_taken`.
  Counting(uint64_t seed, uint32_t one_in, size_t workers, bool copies, size_t devices = 1, int max_message = 1 << 20,
           int max_taken = 1 << 20)
      : luck_(seed, one_in) {
    v1::Job job = TinyJob();
    job.mutable_optimizer()->mutable_count();
    work_ = std::make_unique<TinyWork>(job);
    work_->shape.count = true;
    scheduler_ = std::make_unique<FakeScheduler>(kBatches, 3, kParts, luck_);
    serve_scheduler_ = std::make_unique<Served>(*scheduler_);
    assignment_.set_state(v1::TRAINING);
    *assignment_.mutable_job() = job;
    assignment_.mutable_job()->set_batch(10);
    assignment_.mutable_job()->set_micro_batches(kParts);
    assignment_.mutable_job()->set_stall_timeout(60);
    assignment_.mutable_data()->set_train_rows(23);
    for (uint32_t server = 0; server < 3; ++server) {
      servers_.push_back(std::make_unique<FakeServer>(server, kParts, work_->tables, luck_));
      served_.push_back(std::make_unique<Served>(*servers_.back(), max_taken));
    }
    for (size_t worker = 0; worker < workers; ++worker) assignment_.add_sharing(worker + 1);
    SetLayout(1, copies);
    const auto channel = grpc::CreateChannel(serve_scheduler_->address(), grpc::InsecureChannelCredentials());
    stub_ = v1::Scheduler::NewStub(channel);
    for (size_t worker = 0; worker < workers; ++worker) {
      clients_.push_back(std::make_unique<SchedulerClient>(*stub_, "job", worker + 1, std::chrono::milliseconds(2000)));
      WorkPipeline::Options options;
      options.core = {.job_id = "job", .incarnation = worker + 1, .seed = seed + worker};
      options.shape = work_->shape;
      options.tables = work_->tables;
      options.train = &rows_;
      grpc::ChannelArguments arguments;
      arguments.SetMaxSendMessageSize(max_message);
      arguments.SetMaxReceiveMessageSize(max_message);
      options.make_link = [arguments, max_message](const std::string& address) {
        return std::make_shared<ServerLink>(
            grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments), max_message);
      };
      options.on_fenced = [] {};
      options.on_compute_error = [](const absl::Status&) { return false; };
      pipelines_.push_back(std::make_unique<WorkPipeline>(std::move(options), work_->Models(job, devices),
                                                          *clients_.back(), RealClock()));
    }
    Update();
  }

  // Slots have one copy or two. Epochs that are the same modulo 3 deal them the same.
  void SetLayout(uint64_t epoch, bool copies) {
    v1::Layout layout;
    layout.set_epoch(epoch);
    for (const auto& served : served_) layout.add_servers()->set_address(served->address());
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      layout.add_slot_owner((slot + epoch) % 3);
      layout.add_slot_backup(copies ? 1 + (slot + epoch + 1) % 3 : 0);
    }
    *assignment_.mutable_layout() = layout;
    for (const auto& server : servers_) server->SetLayout(layout);
  }
  void Update() {
    for (const auto& pipeline : pipelines_) REQUIRE(pipeline->Update(assignment_).ok());
  }

  FakeScheduler& scheduler() { return *scheduler_; }
  FakeServer& server(size_t index) { return *servers_[index]; }
  TinyWork& work() { return *work_; }
  const v1::Layout& layout() const { return assignment_.layout(); }
  void Stop() { pipelines_.clear(); }
  // Until all servers have applied so many batches. False: time is up.
  bool WaitForServers(uint64_t batches, std::chrono::seconds time) {
    for (const auto& server : servers_) {
      if (!server->WaitFor(batches, time)) return false;
    }
    return true;
  }

  // What each server counted is what it should: every occurrence once.
  void CheckCounts() {
    Stop();
    std::map<uint64_t, float> by_hand;
    for (uint64_t row = 0; row < 23; ++row) {
      std::vector<uint32_t> tokens, labels;
      rows_.Get(row, &tokens, &labels);
      for (const uint32_t token : tokens) by_hand[token] += kEpochs;
    }
    for (uint32_t index = 0; index < 3; ++index) {
      CAPTURE(index);
      CHECK(server(index).version() == kBatches);
      for (const auto& [id, count] : server(index).rows()) CHECK(count == by_hand[id]);
      for (const auto& [id, count] : by_hand) {
        for (const uint32_t holder : HoldersOf(layout(), SlotOfRow(0, id, kSlots))) {
          if (holder == index) CHECK(server(index).rows()[id] == count);
        }
      }
    }
  }

 private:
  Luck luck_;
  Rows rows_;
  std::unique_ptr<TinyWork> work_;
  std::unique_ptr<FakeScheduler> scheduler_;
  std::unique_ptr<Served> serve_scheduler_;
  std::vector<std::unique_ptr<FakeServer>> servers_;
  std::vector<std::unique_ptr<Served>> served_;
  v1::Assignment assignment_;
  std::unique_ptr<v1::Scheduler::Stub> stub_;
  std::vector<std::unique_ptr<SchedulerClient>> clients_;
  std::vector<std::unique_ptr<WorkPipeline>> pipelines_;
};

TEST_CASE("Every occurrence of every id is counted once") {
  Counting job(1, 0, 1, false);
  CHECK(job.scheduler().WaitFor(kBatches, std::chrono::seconds(60)) == "");
  job.CheckCounts();
}

TEST_CASE("Every occurrence is counted once by two workers whose calls fail at random") {
  Counting job(2, 8, 2, true);
  CHECK(job.scheduler().WaitFor(kBatches, std::chrono::seconds(100)) == "");
  job.CheckCounts();
}

TEST_CASE("Every occurrence is counted once by workers with several devices") {
  Counting job(5, 8, 2, true, 3);
  CHECK(job.scheduler().WaitFor(kBatches, std::chrono::seconds(100)) == "");
  job.CheckCounts();
}

TEST_CASE("A new layout is no reason to stop, or to count twice") {
  Counting job(3, 0, 2, true);
  CHECK(job.scheduler().WaitFor(4, std::chrono::seconds(60)) == "");
  for (uint64_t epoch = 4; epoch <= 31; epoch += 3) {
    job.SetLayout(epoch, true);
    job.Update();
  }
  CHECK(job.scheduler().WaitFor(kBatches, std::chrono::seconds(60)) == "");
  job.CheckCounts();
}

TEST_CASE("A scheduler that is silent for a while is told everything when it is back") {
  Counting job(4, 0, 2, false);
  CHECK(job.scheduler().WaitFor(1, std::chrono::seconds(60)) == "");
  job.scheduler().SetSilent(true);
  // Without it the workers come to the end of an epoch, where they wait.
  CHECK(job.WaitForServers(3, std::chrono::seconds(60)));
  job.scheduler().SetSilent(false);
  CHECK(job.scheduler().WaitFor(kBatches, std::chrono::seconds(60)) == "");
  job.CheckCounts();
}

TEST_CASE("Messages that are larger than somebody sends or takes fail the job and say what would be right") {
  struct Limit {
    int workers, servers;
    const char* says;
  };
  for (const Limit& limit :
       {Limit{16, 1 << 20, "Sent message larger than max ("}, Limit{128, 1 << 20, "Received message larger than max ("},
        Limit{1 << 20, 16, "Received message larger than max ("}}) {
    Counting job(6, 0, 1, false, 1, limit.workers, limit.servers);
    const std::string why = job.scheduler().WaitFor(kBatches, std::chrono::seconds(60));
    CAPTURE(limit.workers, limit.servers);
    CHECK_THAT(why, Catch::Contains(limit.says));
    CHECK_THAT(why, Catch::Contains("raise max_message of servers and workers"));
  }
}

}  // namespace
}  // namespace pumasi
