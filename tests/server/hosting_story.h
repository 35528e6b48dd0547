// Some servers without network, threads and clock: what one wants of another is done at once, or when the story says
// so.
#ifndef PUMASI_TESTS_SERVER_HOSTING_STORY_H_
#define PUMASI_TESTS_SERVER_HOSTING_STORY_H_

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/hosting.h"
#include "server/log_writer.h"
#include "tests/checkpoint/failing_files.h"
#include "tests/common/temp_folder.h"
#include "tests/server/plain_messages.h"
#include "tests/server/shard_group.h"

namespace pumasi {

constexpr uint64_t kWorker = 7, kDeadWorker = 8;

// "0120" -> {0, 1, 2, 0}; '-' -> 0 in a list of copies, where a digit d stands for server d.
inline void SetOwners(const std::string& owners, v1::Layout* layout) {
  layout->clear_slot_owner();
  for (const char c : owners) layout->add_slot_owner(c - '0');
}
template <typename List>
void SetCopies(const std::string& copies, List* list) {
  list->Clear();
  for (const char c : copies) list->Add(c == '-' ? 0 : c - '0' + 1);
}

class HostingStory {
 public:
  // Slots are those of `owners`: its digits are servers.
  HostingStory(const v1::Job& job, uint32_t servers, const std::string& owners, const std::string& backups = "",
               uint64_t memory_limit = 0) {
    assignment_.set_job_id("job");
    *assignment_.mutable_job() = job;
    for (const v1::TableSpec& table : SmallTables()) *assignment_.add_tables() = table;
    assignment_.mutable_data()->set_train_rows(1000);
    assignment_.mutable_job()->set_batch(10);
    assignment_.set_output(folder_ / "output");
    if (job.durability() == v1::DURABILITY_BATCH) assignment_.set_push_log(folder_ / "output/push-log");
    assignment_.add_workers(kWorker);
    assignment_.add_fenced(kDeadWorker);
    v1::Layout& layout = *assignment_.mutable_layout();
    layout.set_epoch(1);
    layout.set_generation(1);
    for (uint32_t server = 0; server < servers; ++server) {
      layout.add_servers()->set_incarnation(100 + server);
      layout.mutable_servers(server)->set_address(std::to_string(server));
      servers_.push_back(std::make_unique<Hosting>(Hosting::Options{
          .incarnation = 100 + server, .node = "server-" + std::to_string(server), .memory_limit = memory_limit}));
    }
    SetOwners(owners, &layout);
    SetCopies(backups, layout.mutable_slot_backup());
    assignment_.set_state(v1::ALLOCATING);
    AssignAll();
    assignment_.set_state(v1::TRAINING);
    AssignAll();
  }

  v1::Assignment& assignment() { return assignment_; }
  const v1::Layout& layout() const { return assignment_.layout(); }
  Hosting& server(uint32_t server) { return *servers_[server]; }
  uint32_t servers() const { return static_cast<uint32_t>(servers_.size()); }
  absl::Duration now() const { return now_; }
  const std::vector<TellWish>& told(uint32_t server) { return told_[server]; }
  std::string output() const { return assignment_.output(); }
  FailingFiles& disk() { return disk_; }

  // The last request of a kind that a server told; an empty one: none.
  template <typename Request>
  Request Last(uint32_t server) {
    Request last;
    for (const TellWish& wish : told_[server]) {
      if (const auto* request = std::get_if<Request>(&wish.request)) last = *request;
    }
    return last;
  }

  // Another layout, one epoch on.
  void Relayout(const std::string& owners, const std::string& backups = "", const std::string& filling = "") {
    v1::Layout& layout = *assignment_.mutable_layout();
    layout.set_epoch(layout.epoch() + 1);
    SetOwners(owners, &layout);
    SetCopies(backups, layout.mutable_slot_backup());
    SetCopies(filling, layout.mutable_slot_filling());
    AssignAll();
  }
  void Prefetch(uint32_t server, const std::vector<uint32_t>& slots) {
    prefetch_[server] = slots;
    Assign(server);
  }
  void AssignAll() {
    for (uint32_t server = 0; server < servers(); ++server) {
      if (servers_[server] != nullptr) Assign(server, /*settle=*/false);
    }
    Settle();
  }
  void Assign(uint32_t server, bool settle = true) {
    v1::Assignment mine = assignment_;
    *mine.mutable_prefetch() = {prefetch_[server].begin(), prefetch_[server].end()};
    servers_[server]->Assign(mine, now_);
    if (settle) Settle();
  }
  void Die(uint32_t server) {
    servers_[server] = nullptr;
    writers_.erase(server);
  }
  // In place of one that died, under another incarnation.
  void Start(uint32_t server, uint64_t incarnation) {
    servers_[server] = std::make_unique<Hosting>(
        Hosting::Options{.incarnation = incarnation, .node = "server-" + std::to_string(server)});
    assignment_.mutable_layout()->mutable_servers(server)->set_incarnation(incarnation);
  }
  void Pass(absl::Duration time) {
    now_ += time;
    for (auto& server : servers_) {
      if (server != nullptr) server->Tick(now_);
    }
    Settle();
  }

  // While set, snapshots are not written on, and wait here.
  bool hold_snapshots = false;
  std::vector<std::pair<uint32_t, std::shared_ptr<Snapshot>>> held;
  void WriteHeld() {
    for (auto& [server, snapshot] : std::exchange(held, {})) Write(server, *snapshot);
    Settle();
  }

  // Likewise what is to be logged.
  bool hold_logs = false;
  std::vector<std::pair<uint32_t, LogWish>> held_logs;
  void WriteHeldLogs() {
    for (auto& [server, wish] : std::exchange(held_logs, {})) WriteLog(server, wish);
    Settle();
  }

  // Likewise slots that are to be fetched.
  bool hold_fetches = false;
  std::vector<std::pair<uint32_t, FetchWish>> held_fetches;
  void FetchHeld() {
    for (auto& [server, wish] : std::exchange(held_fetches, {})) Fetch(server, wish);
    Settle();
  }

  absl::Status Push(uint32_t server, uint64_t version, PartRange range, const Gradient& gradient,
                    v1::PushResponse* response, uint64_t worker = kWorker) {
    v1::PushRequest request = PushFor(layout(), server, version, range, gradient);
    FillHeader(request.mutable_header(), worker);
    absl::Status status = PushPlain(*servers_[server], request, response, now_);
    Settle();
    return status;
  }
  // To all servers that hold something.
  void PushAll(uint64_t version, PartRange range, const Gradient& gradient) {
    for (uint32_t server = 0; server < servers(); ++server) {
      v1::PushResponse response;
      const absl::Status status =
          servers_[server] == nullptr ? absl::OkStatus() : Push(server, version, range, gradient, &response);
      INFO(status.ToString());
      REQUIRE(status.ok());
    }
  }
  absl::Status Pull(uint32_t server, uint64_t version, v1::PullResponse* response, uint64_t worker = kWorker) {
    v1::PullRequest request = PullFor(layout(), server, version);
    FillHeader(request.mutable_header(), worker);
    return PullPlain(*servers_[server], request, response);
  }
  AllValues PullAll(uint64_t version) {
    AllValues all = NoValues();
    for (uint32_t server = 0; server < servers(); ++server) {
      if (servers_[server] == nullptr) continue;
      v1::PullResponse response;
      const absl::Status status = Pull(server, version, &response);
      INFO(status.ToString());
      REQUIRE(status.ok());
      TakeAnswer(layout(), server, response, &all);
    }
    return all;
  }
  // All copies of each slot are the same, to the byte.
  void CheckCopies() {
    for (int slot = 0; slot < layout().slot_owner_size(); ++slot) {
      std::string first;
      for (uint32_t server = 0; server < servers(); ++server) {
        if (servers_[server] == nullptr || !Holds(layout(), server, slot)) continue;
        REQUIRE(servers_[server]->shard()->whole(slot));
        const std::string bytes = servers_[server]->shard()->slot(slot)->ToState(0, {}).SerializeAsString();
        if (first.empty()) first = bytes;
        CAPTURE(slot, server);
        REQUIRE(bytes == first);
      }
    }
  }

  // Does what servers want, until nothing is wanted.
  void Settle() {
    bool more = true;
    while (more) {
      more = false;
      for (uint32_t server = 0; server < servers(); ++server) {
        if (servers_[server] == nullptr || !servers_[server]->HasEffects()) continue;
        more = true;
        Perform(server, servers_[server]->TakeEffects());
      }
    }
  }

 private:
  void FillHeader(v1::CallHeader* header, uint64_t worker) const {
    header->set_job_id("job");
    header->set_layout_epoch(layout().epoch());
    header->set_incarnation(worker);
  }
  void Perform(uint32_t server, HostingEffects effects) {
    Hosting& hosting = *servers_[server];
    for (const ShardWish& wish : effects.shards) hosting.ShardMade(wish.ticket, MakeShard(wish, disk_), now_);
    for (const FetchWish& wish : effects.fetches) {
      if (hold_fetches) {
        held_fetches.emplace_back(server, wish);
      } else {
        Fetch(server, wish);
      }
    }
    for (const TellWish& wish : effects.tells) {
      told_[server].push_back(wish);
      hosting.Told(wish.ticket, absl::OkStatus(), {}, now_);
    }
    for (const auto& snapshot : effects.snapshots) {
      if (hold_snapshots) {
        held.emplace_back(server, snapshot);
      } else {
        Write(server, *snapshot);
      }
    }
    for (LogWish& wish : effects.logs) {
      if (hold_logs) {
        held_logs.emplace_back(server, std::move(wish));
      } else {
        WriteLog(server, wish);
      }
    }
  }
  void Fetch(uint32_t server, const FetchWish& wish) {
    Hosting* from = servers_[std::stoi(wish.address)].get();
    servers_[server]->Fetched(
        wish.ticket, from == nullptr ? absl::UnavailableError("nobody is there") : from->FetchSlot(wish.request), now_);
  }
  void WriteLog(uint32_t server, const LogWish& wish) {
    LogWriter& writer = writers_.try_emplace(server, disk_).first->second;
    absl::Status status = writer.Write(wish);
    if (status.ok()) status = writer.Sync();
    if (servers_[server] != nullptr) servers_[server]->Logged(wish.ticket, status, now_);
  }
  void Write(uint32_t server, Snapshot& snapshot) {
    absl::Status status;
    while (status.ok() && !snapshot.done()) {
      snapshot.Copy();
      status = snapshot.Write(disk_);
    }
    servers_[server]->SnapshotWritten(snapshot, status, now_);
  }

  TempFolder folder_;
  FailingFiles disk_;
  v1::Assignment assignment_;
  std::vector<std::unique_ptr<Hosting>> servers_;
  std::map<uint32_t, std::vector<uint32_t>> prefetch_;
  std::map<uint32_t, std::vector<TellWish>> told_;
  std::map<uint32_t, LogWriter> writers_;  // by server
  absl::Duration now_ = absl::Seconds(100);
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_SERVER_HOSTING_STORY_H_
