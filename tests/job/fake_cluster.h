// Servers and a scheduler that do as little as a worker can live with, over real calls: servers add up what they are
// pushed, the scheduler leases the parts of some batches. Both fail at random, before or after they did something.
#ifndef PUMASI_TESTS_JOB_FAKE_CLUSTER_H_
#define PUMASI_TESTS_JOB_FAKE_CLUSTER_H_

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "proto/parameter_server.grpc.pb.h"
#include "proto/scheduler.grpc.pb.h"

namespace pumasi {

// Whether a call fails, drawn from a seed. Thread-safe.
class Luck {
 public:
  Luck(uint64_t seed, uint32_t one_in) : random_(seed), one_in_(one_in) {}
  bool Bad() {
    std::lock_guard lock(mutex_);
    return one_in_ > 0 && random_() % one_in_ == 0;
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 random_;
  const uint32_t one_in_;
};

// One service at a port of its own.
class Served {
 public:
  // Larger messages than `max_message` are not taken; -1: than gRPC takes.
  explicit Served(grpc::Service& service, int max_message = -1) {
    grpc::ServerBuilder builder;
    if (max_message >= 0) builder.SetMaxReceiveMessageSize(max_message);
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
  }
  ~Served() { server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1)); }
  const std::string& address() const { return address_; }

 private:
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

// All parameters are zero, whatever is pushed; pushes are counted.
class FakeServer : public v1::ParameterServer::CallbackService {
 public:
  FakeServer(uint32_t index, uint32_t parts, const std::vector<v1::TableSpec>& tables, Luck& luck)
      : index_(index), parts_(parts), tables_(tables), luck_(luck), has_(parts) {}

  void SetLayout(const v1::Layout& layout);
  grpc::ServerUnaryReactor* Pull(grpc::CallbackServerContext* context, const v1::PullRequest* request,
                                 v1::PullResponse* response) override;
  grpc::ServerUnaryReactor* Push(grpc::CallbackServerContext* context, const v1::PushRequest* request,
                                 v1::PushResponse* response) override;

  // Sum of the first column of all rows pushed, by id; of the values of the dense table with this number.
  std::map<uint64_t, float> rows();
  float dense(uint32_t table);
  uint64_t version();
  // Until it has applied so many batches. False: time is up.
  bool WaitFor(uint64_t batches, std::chrono::seconds time);

 private:
  grpc::Status Answer(const v1::PullRequest& request, v1::PullResponse* response);
  grpc::Status Take(const v1::PushRequest& request, v1::PushResponse* response);

  const uint32_t index_;
  const uint32_t parts_;
  const std::vector<v1::TableSpec> tables_;
  Luck& luck_;
  std::mutex mutex_;
  std::condition_variable changed_;
  v1::Layout layout_;      // GUARDED_BY(mutex_)
  uint64_t version_ = 0;   // GUARDED_BY(mutex_)
  std::vector<bool> has_;  // GUARDED_BY(mutex_): parts of batch version_
  std::map<uint64_t, float> rows_;
  std::map<uint32_t, float> dense_;
};

// Leases pairs of parts of batches [0, batches); every third one as two single parts.
class FakeScheduler : public v1::Scheduler::CallbackService {
 public:
  FakeScheduler(uint64_t batches, uint64_t batches_per_epoch, uint32_t parts, Luck& luck);

  grpc::ServerUnaryReactor* LeaseUnits(grpc::CallbackServerContext* context, const v1::LeaseUnitsRequest* request,
                                       v1::LeaseUnitsResponse* response) override;
  grpc::ServerUnaryReactor* ReportFailure(grpc::CallbackServerContext* context, const v1::ReportFailureRequest* request,
                                          v1::ReportFailureResponse* response) override;
  // Until so many batches are done, or the job failed, or time is up. What went wrong.
  std::string WaitFor(uint64_t batches, std::chrono::seconds time);
  // Answers nothing from now on, or again.
  void SetSilent(bool silent);

 private:
  struct Unit {
    v1::Lease lease;
    bool done = false;
    bool leased = false;
  };
  uint64_t DoneBatches() const;

  const uint64_t batches_;
  Luck& luck_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Unit> units_;                       // GUARDED_BY(mutex_)
  std::set<std::pair<uint64_t, uint32_t>> done_;  // GUARDED_BY(mutex_): batches and parts
  std::string failure_;                           // GUARDED_BY(mutex_)
  bool silent_ = false;                           // GUARDED_BY(mutex_)
  const uint32_t parts_;
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_JOB_FAKE_CLUSTER_H_
