#include "tools/bench/exchange_worker.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/file.h"
#include "common/rpc/daemon.h"
#include "common/rpc_channel.h"
#include "worker/exchange/server_link.h"

namespace pumasi {
namespace {

constexpr uint64_t kUnitsPulling = 2;
// Servers answer a little before it whom they wait for.
constexpr std::chrono::milliseconds kCallTimeout{20000};
constexpr uint64_t kMostAssignment = 16 << 20;
constexpr uint64_t kMostMessage = 256 << 20;

size_t MostIds(const ExchangeIds& batches) {
  size_t most = 0;
  for (const auto& ids : batches) most = std::max(most, ids->size());
  return most;
}

absl::StatusOr<std::shared_ptr<const Peers>> Connect(const v1::Assignment& assignment) {
  auto router = Router::Create({assignment.tables().begin(), assignment.tables().end()}, assignment.layout());
  if (!router.ok()) return router.status();
  auto peers = std::make_shared<Peers>(Peers{*std::move(router), {}});
  for (const v1::Layout::Owner& server : assignment.layout().servers()) {
    auto channel = MakeRpcChannel({server.address(), {}});
    if (!channel.ok()) return channel.status();
    peers->links.push_back(std::make_shared<ServerLink>(*std::move(channel), kMostMessage));
  }
  return peers;
}

}  // namespace

ExchangeWorker::ExchangeWorker(const v1::Assignment& assignment, uint32_t number, ExchangeIds ids,
                               std::shared_ptr<const Peers> peers, ExchangeCounter& counter)
    : number_(number),
      ids_(std::move(ids)),
      peers_(std::move(peers)),
      counter_(counter),
      gradients_({assignment.tables().begin(), assignment.tables().end()}, MostIds(ids_)),
      exchange_({assignment.job_id(), assignment.workers(static_cast<int>(number)), kCallTimeout}) {}

ExchangeWorker::~ExchangeWorker() { exchange_.Cancel(); }

absl::Status ExchangeWorker::Run() {
  for (uint64_t version = 0; version < kUnitsPulling; ++version) Pull(version);
  while (true) {
    uint64_t version;
    {
      std::unique_lock lock(mutex_);
      const auto something = [this] { return !failure_.ok() || !pulled_.empty(); };
      // (Calls end by themselves long before.)
      if (!changed_.wait_for(lock, 2 * kCallTimeout, something)) {
        return absl::DeadlineExceededError("no server answered, nor did the calls end");
      }
      if (!failure_.ok()) return failure_;
      version = pulled_.front();
      pulled_.pop_front();
    }
    Push(version);
  }
}

void ExchangeWorker::Pull(uint64_t version) {
  auto attempt = std::make_shared<PullAttempt>(exchange_, peers_, TokenOf(version), IdsOf(version));
  {
    std::lock_guard lock(mutex_);
    units_[version] = {attempt, nullptr, peers_->router.holders().size()};
  }
  attempt->Call(version, /*staleness=*/0, peers_->router.holders(),
                [this, version](uint32_t server, const absl::Status& status) { Pulled(version, server, status); });
}

void ExchangeWorker::Pulled(uint64_t version, uint32_t server, const absl::Status& status) {
  {
    std::lock_guard lock(mutex_);
    if (!status.ok()) Fail("pull", version, server, status);
    if (!failure_.ok() || --units_.at(version).left > 0) return;
    pulled_.push_back(version);
    changed_.notify_all();
  }
  Pull(version + kUnitsPulling);
}

void ExchangeWorker::Push(uint64_t version) {
  {
    std::shared_ptr<PullAttempt> pull;
    {
      std::lock_guard lock(mutex_);
      pull = std::move(units_.at(version).pull);
    }
    (void)pull->Take();  // nothing is computed with it
  }
  PushAttempt::Payload payload{version, {number_, number_ + 1}, TokenOf(version), {}, gradients_.Of(*IdsOf(version))};
  auto attempt = std::make_shared<PushAttempt>(exchange_, peers_, std::move(payload));
  {
    std::lock_guard lock(mutex_);
    Unit& unit = units_.at(version);
    unit.push = attempt;
    unit.left = peers_->router.holders().size();
  }
  attempt->Call(
      peers_->router.holders(), [](uint32_t) {},
      [this, version](uint32_t server, const absl::Status& status, v1::PushResponse::Outcome outcome) {
        Pushed(version, server, status, outcome);
      });
}

void ExchangeWorker::Pushed(uint64_t version, uint32_t server, const absl::Status& status,
                            v1::PushResponse::Outcome outcome) {
  std::shared_ptr<PushAttempt> push;  // ends without the lock
  std::lock_guard lock(mutex_);
  if (!status.ok()) Fail("push", version, server, status);
  if (status.ok() && outcome != v1::PushResponse::ACCEPTED) {
    Fail("push", version, server, absl::InternalError("it was taken for one that had come before"));
  }
  Unit& unit = units_.at(version);
  if (!failure_.ok() || --unit.left > 0) return;
  push = std::move(unit.push);
  units_.erase(version);
  const PsExchange::Bytes bytes = exchange_.TakeBytes();
  counter_.AddLegs(peers_->router.holders().size(), bytes.pulled + bytes.pushed);
  if (++done_ == ids_.size()) counter_.TellReady();
}

void ExchangeWorker::Fail(const char* call, uint64_t version, uint32_t server, const absl::Status& status) {
  const std::string& node = peers_->router.layout().servers(static_cast<int>(server)).node();
  if (failure_.ok()) {
    failure_ = absl::Status(
        status.code(), absl::StrCat(call, " of version ", version, ", ", node, ": ", std::string(status.message())));
  }
  changed_.notify_all();
}

absl::Status RunExchangeWorker(const std::string& folder, uint32_t number) {
  SetUpProcess();
  auto counters = ExchangeCounters::Open(folder + "/counters");
  if (!counters.ok()) return counters.status();
  const auto text = ReadFile(RealFiles(), folder + "/assignment", kMostAssignment);
  if (!text.ok()) return text.status();
  v1::Assignment assignment;
  if (!assignment.ParseFromString(*text)) return absl::DataLossError(folder + "/assignment is none");
  auto ids = MakeExchangeIds(assignment, number);
  if (!ids.ok()) return ids.status();
  auto peers = Connect(assignment);
  if (!peers.ok()) return peers.status();
  return ExchangeWorker(assignment, number, *std::move(ids), *std::move(peers), (*counters)->client(number)).Run();
}

}  // namespace pumasi
