#include "tests/scheduler/job_story.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace pumasi {
namespace {

std::string ErrorOf(const absl::Status& status) {
  return status.ok() ? "" : absl::StrCat("refused (", std::string(status.message()), ")");
}

}  // namespace

JobRun::Spec SmallJobSpec() {
  JobRun::Spec spec;
  spec.job_id = "cats-1";
  spec.output = "/out/cats";
  v1::Job& job = *spec.request.mutable_job();
  job.set_name("cats");
  job.add_model()->mutable_embedding()->set_width(3);
  job.add_model()->mutable_lstm()->set_units(4);
  job.add_model()->mutable_dense()->set_activation(v1::ACTIVATION_SOFTMAX);
  v1::Adam* adam = job.mutable_optimizer()->mutable_adam();
  adam->set_learning_rate(0.001);
  adam->set_beta_1(0.9);
  adam->set_beta_2(0.999);
  adam->set_epsilon(1e-8);
  job.set_batch(4);
  job.set_micro_batches(2);
  job.set_epochs(2);
  job.set_seed(1);
  job.set_slots(8);
  job.set_stall_timeout(60);
  job.set_prepare_timeout(600);
  job.set_recover_timeout(3600);
  job.set_replicas(1);
  job.mutable_checkpoint()->set_keep(2);
  job.mutable_checkpoint()->set_every_batches(1);
  job.mutable_checkpoint()->set_full_every(10);
  return spec;
}

JobStory::JobStory(JobRun::Spec spec, uint64_t test_rows) : test_rows_(test_rows), id_(spec.job_id) {
  // All stories can be told with a scheduler that restarts after every line.
  restart_always = std::getenv("PUMASI_STORY_RESTARTS") != nullptr;
  cluster_ = std::make_unique<Cluster>(Cluster::Options{{absl::Seconds(3), absl::Milliseconds(500)}, 100});
  REQUIRE(cluster_->Submit(std::move(spec), now_).ok());
  Commit();
}

void JobStory::Commit() {
  cluster_->JobChanged(now_);
  auto commit = cluster_->TakeCommit(now_);
  if (!commit) return;
  const absl::Status status = store_.Commit(commit->batch, commit->durability);
  REQUIRE(status.ok());
  cluster_->CommitDone(status, now_);
  REQUIRE(cluster_->durable());
  // What was stored is all there is: no change was overlooked.
  cluster_->LookAtAllRecords();
  REQUIRE_FALSE(cluster_->TakeCommit(now_));
}

std::string JobStory::Visible() {
  v1::JobStatus status = Status();
  status.clear_change();
  status.clear_wall_seconds();
  status.clear_train_seconds();
  status.clear_rows_per_s();
  // An epoch's seconds are those until the last record.
  for (auto& epoch : *status.mutable_epochs_done()) epoch.clear_seconds();
  std::string all = status.DebugString() + job().WaitingFor() + job().Audit().DebugString();
  for (const auto& [name, node] : nodes_) {
    absl::StrAppend(&all, name, " ", AssignmentFor(name).DebugString());
  }
  return all;
}

void JobStory::Restart(bool hear) {
  Commit();
  const std::string before = Visible();
  const uint64_t change = cluster_->AssignmentChange();
  auto entries = store_.List("");
  REQUIRE(entries.ok());
  cluster_ = std::make_unique<Cluster>(Cluster::Options{{absl::Seconds(3), absl::Milliseconds(500)}, 100});
  const absl::Status status = cluster_->Restore(*entries, now_);
  INFO(status.ToString());
  REQUIRE(status.ok());
  REQUIRE_FALSE(cluster_->durable());
  Commit();
  REQUIRE(cluster_->AssignmentChange() > change);
  REQUIRE(Visible() == before);
  if (!hear) return;
  for (const auto& [name, node] : nodes_) {
    if (node.role() == v1::ROLE_WORKER && job().TakesPart(node.incarnation())) Calls(name);
  }
}

void JobStory::Calls(const std::string& name, const std::vector<std::vector<uint64_t>>& own, bool more_results) {
  v1::LeaseUnitsRequest request;
  request.set_incarnation(nodes_.at(name).incarnation());
  request.set_more_results(more_results);
  for (const std::vector<uint64_t>& parts : own) {
    auto* added = request.add_own();
    added->set_generation(job().layout().generation());
    added->set_version(parts[0]);
    added->set_first_part(static_cast<uint32_t>(parts[1]));
    added->set_end_part(static_cast<uint32_t>(parts[2]));
  }
  const absl::Status status = job().TakeResults(request, now_);
  INFO(status.ToString());
  REQUIRE(status.ok());
  Commit();
}

v1::AuditBatch JobStory::Audited(uint64_t version) {
  v1::AuditBatch batch;
  auto entries = store_.List(absl::StrCat("audit/", id_, "/", absl::StrFormat("%020d", version)));
  REQUIRE(entries.ok());
  if (!entries->empty()) REQUIRE(batch.ParseFromString((*entries)[0].value));
  return batch;
}

void JobStory::Play(const std::string& story) {
  for (absl::string_view line : absl::StrSplit(story, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) continue;
    const std::vector<std::string> sides = absl::StrSplit(line, absl::MaxSplits(" => ", 1));
    const std::string happened = Do(std::string(absl::StripAsciiWhitespace(sides[0])));
    Commit();
    if (restart_always) {
      INFO("after the line: " << std::string(line));
      Restart();
    }
    if (sides.size() < 2) continue;
    INFO("in the story: " << std::string(line));
    REQUIRE(happened == std::string(absl::StripAsciiWhitespace(sides[1])));
  }
}

std::string JobStory::Do(const std::string& what) {
  std::vector<std::string> words = absl::StrSplit(what, ' ');
  words.resize(std::max<size_t>(words.size(), 4));
  std::string answer;
  if (words[0] == "server" || words[0] == "worker") {
    Join(words[1], words[0] == "server" ? v1::ROLE_SERVER : v1::ROLE_WORKER, words[2].empty() ? "avx2" : words[2],
         words[3].empty() ? 1 : static_cast<uint32_t>(std::stoul(words[3])));
  } else if (words[0] == "drain" || words[0] == "undrain") {
    answer = ErrorOf(cluster_->Drain(words[1], words[0] == "undrain", now_));
  } else if (words[0] == "restart") {
    Restart(words[1] != "unheard");
  } else if (words[0] == "resumed") {
    answer = ErrorOf(cluster_->Resume(id_, now_));
  } else if (words[0] == "assets") {
    job().AssetsUploaded(now_);
  } else if (words[0] == "completed") {
    answer = Complete(words[1].empty() ? "" : what.substr(sizeof "completed"));
  } else if (words[0] == "cancelled") {
    job().Cancel(now_);
    cluster_->JobChanged(now_);
  } else if (words[1] == "pass") {
    Pass(std::stod(words[0]));
  } else {
    REQUIRE(nodes_.count(words[0]) == 1);
    answer = NodeDoes(nodes_[words[0]], words, what);
  }
  const v1::JobStatus status = Status();
  return absl::StrCat(answer, answer.empty() ? "" : ", ", v1::JobState_Name(status.state()),
                      status.message().empty() ? "" : ": ", status.message());
}

std::string JobStory::NodeDoes(const v1::Node& node, const std::vector<std::string>& words, const std::string& what) {
  const std::string& verb = words[1];
  if (verb == "dies") {
    // After a restart nobody dies before a lease has passed.
    Pass(3);
    cluster_->Disconnected(node.incarnation(), now_);
    now_ += absl::Milliseconds(500);
    held_.erase(node.name());
    REQUIRE(cluster_->Tick(now_).size() == 1);
  } else if (verb == "leaves") {
    cluster_->Leave(node.incarnation(), now_);
    held_.erase(node.name());
    cluster_->Tick(now_);
  } else if (verb == "prepared") {
    return Prepared(node, words[2].empty() ? 10 : std::stoull(words[2]), words[3].empty() ? "same" : words[3]);
  } else if (verb == "ready") {
    v1::ReportReadyRequest request;
    request.set_incarnation(node.incarnation());
    request.set_layout_epoch(std::max<uint64_t>(1, job().layout().epoch()));
    return ErrorOf(job().ServerReady(request, now_));
  } else if (verb == "slots") {
    return Slots(node);
  } else if (verb == "copied") {
    v1::ReportFilledRequest request;
    request.set_incarnation(node.incarnation());
    request.set_layout_epoch(job().layout().epoch());
    request.set_copied_bytes(std::stoull(words[2]));
    return ErrorOf(job().Filled(request, now_));
  } else if (verb == "prefetched" || verb == "filled" || verb == "failed") {
    return Copied(node, verb);
  } else if (verb == "asks") {
    return Ask(node, static_cast<uint32_t>(std::stoul(words[2])));
  } else if (verb == "done") {
    return Done(node, words[2].empty() ? ~size_t{0} : std::stoul(words[2]));
  } else if (verb == "returns") {
    return Return(node);
  } else if (verb == "saved") {
    const std::vector<std::string> pieces = absl::StrSplit(what, absl::MaxSplits(' ', 3));
    return Saved(node, words[2], pieces.size() > 3 ? pieces[3] : "");
  } else {
    FAIL("no such event: " << what);
  }
  return "";
}

void JobStory::Join(const std::string& name, v1::Role role, const std::string& kernels, uint32_t devices) {
  v1::Node node;
  node.set_name(name);
  node.set_address(name + ":7");
  node.set_role(role);
  node.set_incarnation(++incarnation_);
  if (role == v1::ROLE_WORKER) {
    node.set_kernel_set(kernels);
    node.set_devices(devices);
  }
  node.set_hosts_slots(role == v1::ROLE_WORKER);
  nodes_[name] = node;
  REQUIRE(cluster_->Register(node, now_).ok());
}

void JobStory::Pass(double seconds) {
  for (const absl::Duration end = now_ + absl::Seconds(seconds); now_ < end;) {
    now_ = std::min(end, now_ + absl::Seconds(1));
    const auto alive = cluster_->members().alive();
    for (const auto& [incarnation, member] : alive) REQUIRE(cluster_->Renew(incarnation, now_).ok());
    cluster_->Tick(now_);
  }
}

std::string JobStory::Slots(const v1::Node& node) const {
  const v1::Assignment assignment = AssignmentFor(node.name());
  const v1::Layout& layout = assignment.layout();
  std::map<std::string, std::vector<uint32_t>> slots;
  const auto is = [&](uint32_t index) {
    return layout.servers(static_cast<int>(index)).incarnation() == node.incarnation();
  };
  for (int slot = 0; slot < layout.slot_owner_size(); ++slot) {
    if (is(layout.slot_owner(slot))) slots["1primary"].push_back(slot);
    const bool replica = slot >= static_cast<int>(layout.dense_from()) &&
                         std::any_of(layout.replicas().begin(), layout.replicas().end(), is);
    if ((replica && !is(layout.slot_owner(slot))) ||
        (slot < layout.slot_backup_size() && layout.slot_backup(slot) > 0 && is(layout.slot_backup(slot) - 1))) {
      slots["2backup"].push_back(slot);
    }
    if (slot < layout.slot_filling_size() && layout.slot_filling(slot) > 0 && is(layout.slot_filling(slot) - 1)) {
      slots["3filling"].push_back(slot);
    }
  }
  if (assignment.prefetch_size() > 0)
    slots["4prefetch"].assign(assignment.prefetch().begin(), assignment.prefetch().end());
  std::vector<std::string> all;
  for (const auto& [role, numbers] : slots)
    all.push_back(absl::StrCat(role.substr(1), " ", absl::StrJoin(numbers, " ")));
  return all.empty() ? "none" : absl::StrJoin(all, "; ");
}

std::string JobStory::Copied(const v1::Node& node, const std::string& verb) {
  v1::ReportFilledRequest request;
  request.set_incarnation(node.incarnation());
  request.set_layout_epoch(job().layout().epoch());
  const v1::Assignment assignment = AssignmentFor(node.name());
  const v1::Layout& layout = assignment.layout();
  if (verb != "filled") {
    *(verb == "failed" ? request.mutable_failed() : request.mutable_prefetched()) = assignment.prefetch();
  }
  for (int slot = 0; verb != "prefetched" && slot < layout.slot_filling_size(); ++slot) {
    const uint32_t filling = layout.slot_filling(slot);
    if (filling == 0 || layout.servers(static_cast<int>(filling) - 1).incarnation() != node.incarnation()) continue;
    verb == "failed" ? request.add_failed(slot) : request.add_filled(slot);
  }
  if (verb == "failed") request.set_error("nobody answers");
  return ErrorOf(job().Filled(request, now_));
}

std::string JobStory::Prepared(const v1::Node& node, uint64_t rows, const std::string& data) {
  v1::ReportPreparedRequest request;
  request.set_incarnation(node.incarnation());
  request.mutable_data()->set_fingerprint(data);
  request.mutable_data()->set_train_rows(rows);
  request.mutable_data()->set_test_rows(test_rows_);
  request.mutable_data()->set_vocabulary(50);
  request.mutable_data()->set_classes(3);
  const auto response = job().Prepared(request, now_);
  if (!response.ok()) return ErrorOf(response.status());
  return response->upload() ? "upload" : "";
}

std::string JobStory::Ask(const v1::Node& node, uint32_t hold_at_most) {
  const auto response = cluster_->Lease(job(), node.incarnation(), hold_at_most, now_);
  if (!response.ok()) return ErrorOf(response.status());
  std::vector<std::string> got;
  for (const v1::Lease& lease : response->leases()) {
    held_[node.name()].push_back(lease);
    if (lease.kind() == v1::TRAIN) {
      got.push_back(absl::StrCat("train ", lease.epoch(), ".", lease.batch(), "[", lease.first_part(), "-",
                                 lease.end_part() - 1, "] at ", lease.version()));
    } else {
      got.push_back(absl::StrCat("test [", lease.first_row(), "-", lease.end_row() - 1, "] at ", lease.version()));
    }
  }
  return got.empty() ? "nothing" : absl::StrJoin(got, "; ");
}

std::string JobStory::Done(const v1::Node& node, size_t most) {
  v1::LeaseUnitsRequest request;
  request.set_incarnation(node.incarnation());
  std::vector<v1::Lease>& held = held_[node.name()];
  most = std::min(most, held.size());
  for (size_t i = 0; i < most; ++i) {
    v1::UnitDone* done = request.add_done();
    done->set_token(held[i].token());
    done->set_kind(held[i].kind());
    done->set_generation(held[i].generation());
    done->set_epoch(held[i].epoch());
    done->set_batch(held[i].batch());
    done->set_version(held[i].version());
    for (uint32_t part = held[i].first_part(); part < held[i].end_part(); ++part) {
      v1::PartResult* outcome = done->add_parts();
      outcome->set_part(part);
      outcome->set_samples(1);
      outcome->set_loss(1);
      result(held[i], outcome);
    }
  }
  held.erase(held.begin(), held.begin() + static_cast<ptrdiff_t>(most));
  return ErrorOf(job().TakeResults(request, now_));
}

std::string JobStory::Return(const v1::Node& node) {
  v1::LeaseUnitsRequest request;
  request.set_incarnation(node.incarnation());
  for (const v1::Lease& lease : held_[node.name()]) request.add_returned(lease.token());
  held_.erase(node.name());
  return ErrorOf(job().TakeResults(request, now_));
}

std::string JobStory::Saved(const v1::Node& node, const std::string& version, std::string error) {
  v1::ReportShardSavedRequest request;
  request.set_incarnation(node.incarnation());
  const uint64_t generation = job().layout().generation();
  const bool model = version == "model";
  request.set_version(model ? Status().progress().version() : std::stoull(version));
  request.set_layout_epoch(job().layout().epoch());
  const auto assignment = job().AssignmentFor(node);
  const std::string model_folder =
      assignment && !assignment->save_folder().empty() ? assignment->save_folder() : ModelFolderInTheMaking(generation);
  request.set_folder(model ? model_folder : CheckpointFolderInTheMaking(request.version(), generation));
  request.set_file("shard-of-" + node.name());
  request.set_size(100);
  if (error.rfind("since ", 0) == 0) {
    request.set_since(std::stoull(error.substr(6)));
    error.clear();
  }
  request.set_error(error);
  return ErrorOf(job().ShardSaved(request, now_));
}

std::string JobStory::Complete(const std::string& error) {
  auto finish = job().TakeCheckpoint();
  if (!finish) return "nothing";
  last_checkpoint = *finish;
  const absl::Status status = error.empty() ? absl::OkStatus() : absl::ResourceExhaustedError(error);
  job().CheckpointFinished(finish->folder, status, finish->final ? "5ha256" : "", now_);
  return finish->name;
}

}  // namespace pumasi
