#include "member/own_slots.h"

#include <utility>

#include "member/holding.h"
#include "server/incoming_call.h"

namespace pumasi {
namespace {

class OwnCall final : public IncomingCall {
 public:
  explicit OwnCall(std::shared_ptr<DirectCall> call) : call_(std::move(call)) {}
  const grpc::ByteBuffer& request() const override { return call_->request(); }
  grpc::ByteBuffer* response() override { return &response_; }
  Parking::TimePoint AnswerBy(std::chrono::milliseconds longest) const override {
    return pumasi::AnswerBy(call_->deadline(), longest);
  }
  bool IsCancelled() const override { return call_->ended(); }
  void Finish(const grpc::Status& status) override { call_->Finish(status, std::move(response_)); }

 private:
  const std::shared_ptr<DirectCall> call_;
  grpc::ByteBuffer response_;
};

}  // namespace

OwnSlots::OwnSlots(const SlotServer::Options& options, v1::Scheduler::StubInterface& scheduler)
    : server_(options, scheduler) {
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { Run(); });
}

OwnSlots::~OwnSlots() {
  // Calls that wait are answered, which is work.
  Shutdown();
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

void OwnSlots::SetAssignments(uint64_t incarnation, const std::vector<v1::Assignment>& assignments) {
  server_.service().SetAssignments(incarnation, HoldingAssignments(incarnation, assignments));
}

void OwnSlots::Serve(std::shared_ptr<DirectCall> call) {
  Post([this, call = std::move(call)] { service().ServeCall(call->method(), std::make_shared<OwnCall>(call)); });
}

void OwnSlots::Post(std::function<void()> work) {
  std::lock_guard lock(mutex_);
  work_.push_back(std::move(work));
  changed_.notify_one();
}

void OwnSlots::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !work_.empty(); });
    if (work_.empty()) return;
    std::function<void()> work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    std::exchange(work, nullptr)();  // what it holds may call Post as it goes
    lock.lock();
  }
}

}  // namespace pumasi
