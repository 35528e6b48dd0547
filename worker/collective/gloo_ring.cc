#include "worker/collective/gloo_ring.h"

#include <gloo/allgatherv.h>
#include <gloo/allreduce.h>
#include <gloo/math.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/store.h>
#include <gloo/transport/tcp/device.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pumasi {
namespace {

using std::chrono::milliseconds;

// Of a sum: long enough that a message's cost does not count, short enough that two of them overlap.
constexpr size_t kBucketFloats = 1 << 20;
// Slots of this kind are left alone by Gloo's own collectives, which use the highest byte.
constexpr uint64_t kFirstSlot = 1;

void AddFloats(void* sum, const void* left, const void* right, size_t count) {
  gloo::sum<float>(sum, left, right, count);
}

milliseconds Wait(absl::Duration time) {
  return std::max(absl::ToChronoMilliseconds(std::min(time, absl::Hours(1000))), milliseconds(1));
}

// What Gloo wants of a file system or of Redis: the others' addresses, all of them met for at once. It asks for them by
// rank; under other keys it tells the names of hosts, from which it would learn who is on one host, and has no use for.
class MeetingStore final : public gloo::rendezvous::Store {
 public:
  MeetingStore(const GlooRing::Meet& meet, size_t members) : meet_(meet), members_(members) {}

  void set(const std::string& key, const std::vector<char>& data) override {
    if (IsRank(key)) mine_.assign(data.begin(), data.end());
  }
  std::vector<char> get(const std::string& key) override {
    if (!IsRank(key)) return {'?'};
    MeetOrThrow();
    const std::string& one = all_->at(std::stoul(key));
    return {one.begin(), one.end()};
  }
  void wait(const std::vector<std::string>& keys) override {
    if (std::any_of(keys.begin(), keys.end(), IsRank)) MeetOrThrow();
  }
  void wait(const std::vector<std::string>& keys, const milliseconds&) override { wait(keys); }

  // How the meeting went; the first call holds it.
  absl::Status Meet() {
    if (!met_) {
      met_ = true;
      all_ = meet_(mine_);
      if (all_.ok() && all_->size() != members_) all_ = absl::InternalError("others than the layout's members met");
    }
    return all_.status();
  }
  bool met() const { return met_; }

 private:
  void MeetOrThrow() {
    if (!Meet().ok()) throw std::runtime_error("no meeting");
  }
  static bool IsRank(const std::string& key) {
    return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
  }

  const GlooRing::Meet& meet_;
  const size_t members_;
  std::string mine_;
  bool met_ = false;
  absl::StatusOr<std::vector<std::string>> all_ = absl::UnknownError("not met");
};

}  // namespace

struct GlooRing::Context {
  std::shared_ptr<gloo::rendezvous::Context> gloo;  // nullptr: the group of one
  uint32_t tag = 0;
  uint64_t slot = kFirstSlot;
  std::mutex mutex;
  std::string aborted;  // GUARDED_BY(mutex): why; empty: it was not
};

GlooRing::GlooRing(const Options& options) : options_(options), context_(std::make_unique<Context>()) {}

GlooRing::~GlooRing() = default;

absl::StatusOr<std::unique_ptr<GlooRing>> GlooRing::Connect(const Options& options, const Meet& meet) {
  const size_t size = options.members.size();
  std::unique_ptr<GlooRing> ring(new GlooRing(options));
  MeetingStore store(meet, size);
  if (size == 1) {
    if (absl::Status status = store.Meet(); !status.ok()) return status;
    return ring;
  }
  try {
    auto device = gloo::transport::tcp::CreateDevice(gloo::transport::tcp::attr(options.host.c_str()));
    auto context = std::make_shared<gloo::rendezvous::Context>(static_cast<int>(options.rank), static_cast<int>(size));
    // A pair waits five times as long for the other side.
    context->setTimeout(Wait(options.connect_within / 5));
    context->connectFullMesh(store, device);
    ring->context_->gloo = std::move(context);
    return ring;
  } catch (const std::exception& error) {
    if (store.met()) {
      if (absl::Status status = store.Meet(); !status.ok()) return status;
    }
    return absl::UnavailableError(absl::StrCat("could not connect with all of ", absl::StrJoin(options.members, ", "),
                                               ", listening on ", options.host, ": ", error.what()));
  }
}

absl::Status GlooRing::Broken(const std::string& what) {
  {
    std::lock_guard lock(context_->mutex);
    if (!context_->aborted.empty()) return absl::AbortedError(context_->aborted);
  }
  // A connection that is broken says so when it is used.
  std::vector<std::string> gone;
  char nothing = 0;
  for (size_t rank = 0; rank < options_.members.size(); ++rank) {
    if (rank == options_.rank) continue;
    try {
      auto buffer = context_->gloo->createUnboundBuffer(&nothing, 1);
      buffer->recv(static_cast<int>(rank), ~uint64_t{0} >> 8);
    } catch (const std::exception&) {
      gone.push_back(options_.members[rank]);
    }
  }
  if (gone.size() + 1 == options_.members.size() && gone.size() > 1) {
    return absl::UnavailableError(absl::StrCat(what, ": the connections broke, or nothing moved for too long"));
  }
  if (gone.empty()) return absl::UnavailableError(absl::StrCat(what, ": it broke off"));
  return absl::UnavailableError(absl::StrCat(what, ": ", absl::StrJoin(gone, ", "), gone.size() == 1 ? " is" : " are",
                                             " gone, or moved nothing for too long"));
}

void GlooRing::Poison() {
  // A wait that comes to its end makes Gloo close all connections of the group, and wakes whoever waits for them. There
  // is no other way to end a call of its collectives.
  char nothing = 0;
  for (size_t rank = 0; rank < options_.members.size(); ++rank) {
    if (rank == options_.rank) continue;
    try {
      auto buffer = context_->gloo->createUnboundBuffer(&nothing, 1);
      try {
        buffer->recv(static_cast<int>(rank), (~uint64_t{0} >> 8) - 1);
      } catch (const std::exception&) {
        continue;  // that connection is closed already, which closes no other
      }
      buffer->waitRecv(milliseconds(1));
    } catch (const std::exception&) {
      return;  // that is what it is for
    }
  }
}

void GlooRing::Abort(const std::string& why) {
  {
    std::lock_guard lock(context_->mutex);
    if (!context_->aborted.empty()) return;
    context_->aborted = why;
  }
  if (context_->gloo != nullptr) Poison();
}

absl::StatusOr<std::vector<std::string>> GlooRing::Exchange(const std::string& mine, absl::Duration timeout) {
  const size_t size = options_.members.size();
  std::vector<std::string> all(size, std::string(mine.size(), '\0'));
  all[options_.rank] = mine;
  if (size == 1) return all;
  const uint64_t slot = context_->slot++;
  const auto deadline = std::chrono::steady_clock::now() + Wait(timeout);
  size_t waits_for = size;
  try {
    std::string out = mine;  // longer than what sends it
    std::vector<std::unique_ptr<gloo::transport::UnboundBuffer>> sent(size), received(size);
    for (size_t rank = 0; rank < size; ++rank) {
      if (rank == options_.rank) continue;
      received[rank] = context_->gloo->createUnboundBuffer(all[rank].data(), all[rank].size());
      received[rank]->recv(static_cast<int>(rank), slot);
      sent[rank] = context_->gloo->createUnboundBuffer(out.data(), out.size());
      sent[rank]->send(static_cast<int>(rank), slot);
    }
    const auto left = [&] {
      const auto now = std::chrono::steady_clock::now();
      return std::max(std::chrono::duration_cast<milliseconds>(deadline - now), milliseconds(1));
    };
    for (size_t rank = 0; rank < size; ++rank) {
      if (rank == options_.rank) continue;
      waits_for = rank;
      received[rank]->waitRecv(left());
      sent[rank]->waitSend(left());
    }
  } catch (const std::exception& error) {
    if (std::chrono::steady_clock::now() < deadline || waits_for == size) return Broken("a message to all members");
    std::lock_guard lock(context_->mutex);
    if (!context_->aborted.empty()) return absl::AbortedError(context_->aborted);
    return absl::DeadlineExceededError(absl::StrCat("waited ", absl::FormatDuration(timeout), " for ",
                                                    options_.members[waits_for], ", which did not come"));
  }
  sent_ += mine.size() * (size - 1);
  received_ += mine.size() * (size - 1);
  return all;
}

absl::Status GlooRing::Sum(float* values, size_t count, absl::Duration timeout) {
  const size_t size = options_.members.size();
  if (size == 1) return absl::OkStatus();
  for (size_t first = 0; first < count; first += kBucketFloats) {
    const size_t floats = std::min(kBucketFloats, count - first);
    try {
      gloo::AllreduceOptions options(context_->gloo);
      options.setOutput(values + first, floats);
      options.setAlgorithm(gloo::AllreduceOptions::Algorithm::RING);
      options.setReduceFunction(AddFloats);
      options.setTag(++context_->tag);
      options.setTimeout(Wait(timeout));
      gloo::allreduce(options);
    } catch (const std::exception& error) {
      return Broken("a sum over all members");
    }
    const uint64_t bytes = 2 * (size - 1) * floats * sizeof(float) / size;
    sent_ += bytes;
    received_ += bytes;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> GlooRing::Gather(const std::string& mine, const std::vector<size_t>& sizes,
                                                          absl::Duration timeout) {
  const size_t size = options_.members.size();
  if (size == 1) return std::vector<std::string>{mine};
  size_t total = 0;
  for (const size_t bytes : sizes) total += bytes;
  std::vector<std::string> all;
  if (total == 0) return std::vector<std::string>(size);
  std::string out(total, '\0');
  try {
    std::string in = mine;
    gloo::AllgathervOptions options(context_->gloo);
    options.setInput(in.data(), in.size());
    options.setOutput(out.data(), sizes);
    options.setTag(++context_->tag);
    options.setTimeout(Wait(timeout));
    gloo::allgatherv(options);
  } catch (const std::exception& error) {
    return Broken("the rows of all members");
  }
  size_t first = 0;
  for (const size_t bytes : sizes) {
    all.push_back(out.substr(first, bytes));
    first += bytes;
  }
  sent_ += total - sizes[(options_.rank + 1) % size];
  received_ += total - mine.size();
  return all;
}

}  // namespace pumasi
