#include "tests/scheduler/job_story.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
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
  job.mutable_checkpoint()->set_keep(2);
  return spec;
}

void JobStory::Play(const std::string& story) {
  for (absl::string_view line : absl::StrSplit(story, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) continue;
    const std::vector<std::string> sides = absl::StrSplit(line, absl::MaxSplits(" => ", 1));
    const std::string happened = Do(std::string(absl::StripAsciiWhitespace(sides[0])));
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
    Join(words[1], words[0] == "server" ? v1::ROLE_SERVER : v1::ROLE_WORKER, words[2].empty() ? "avx2" : words[2]);
  } else if (words[0] == "assets") {
    job_.AssetsUploaded(now_);
  } else if (words[0] == "completed") {
    answer = Complete(words[1].empty() ? "" : what.substr(sizeof "completed"));
  } else if (words[0] == "cancelled") {
    job_.Cancel(now_);
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
    members_.Disconnected(node.incarnation(), now_);
    now_ += absl::Milliseconds(500);
    held_.erase(node.name());
    LookForDeaths();
  } else if (verb == "leaves") {
    members_.Leave(node.incarnation(), now_);
    held_.erase(node.name());
    LookForDeaths();
  } else if (verb == "prepared") {
    return Prepared(node, words[2].empty() ? 10 : std::stoull(words[2]), words[3].empty() ? "same" : words[3]);
  } else if (verb == "ready") {
    v1::ReportReadyRequest request;
    request.set_incarnation(node.incarnation());
    request.set_layout_epoch(1);
    return ErrorOf(job_.ServerReady(request, now_));
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

void JobStory::Join(const std::string& name, v1::Role role, const std::string& kernels) {
  v1::Node node;
  node.set_name(name);
  node.set_address(name + ":7");
  node.set_role(role);
  node.set_incarnation(++incarnation_);
  if (role == v1::ROLE_WORKER) node.set_kernel_set(kernels);
  nodes_[name] = node;
  REQUIRE(members_.Register(node, now_).ok());
  job_.NodesChanged(members_, true, now_);
}

void JobStory::LookForDeaths() {
  members_.TakeDeaths(now_);
  job_.NodesChanged(members_, true, now_);
}

void JobStory::Pass(double seconds) {
  for (const absl::Duration end = now_ + absl::Seconds(seconds); now_ < end;) {
    now_ = std::min(end, now_ + absl::Seconds(1));
    const auto alive = members_.alive();
    for (const auto& [incarnation, member] : alive) REQUIRE(members_.Renew(incarnation, now_).ok());
  }
  job_.Tick(now_);
}

std::string JobStory::Prepared(const v1::Node& node, uint64_t rows, const std::string& data) {
  v1::ReportPreparedRequest request;
  request.set_incarnation(node.incarnation());
  request.mutable_data()->set_fingerprint(data);
  request.mutable_data()->set_train_rows(rows);
  request.mutable_data()->set_test_rows(test_rows_);
  request.mutable_data()->set_vocabulary(50);
  request.mutable_data()->set_classes(3);
  const auto response = job_.Prepared(request, now_);
  if (!response.ok()) return ErrorOf(response.status());
  return response->upload() ? "upload" : "";
}

std::string JobStory::Ask(const v1::Node& node, uint32_t hold_at_most) {
  const auto response = job_.Lease(node.incarnation(), hold_at_most, &next_token_);
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
    for (uint32_t part = held[i].first_part(); part < held[i].end_part(); ++part) {
      v1::PartResult* outcome = done->add_parts();
      outcome->set_part(part);
      outcome->set_samples(1);
      outcome->set_loss(1);
      result(held[i], outcome);
    }
  }
  held.erase(held.begin(), held.begin() + static_cast<ptrdiff_t>(most));
  return ErrorOf(job_.TakeResults(request, now_));
}

std::string JobStory::Return(const v1::Node& node) {
  v1::LeaseUnitsRequest request;
  request.set_incarnation(node.incarnation());
  for (const v1::Lease& lease : held_[node.name()]) request.add_returned(lease.token());
  held_.erase(node.name());
  return ErrorOf(job_.TakeResults(request, now_));
}

std::string JobStory::Saved(const v1::Node& node, const std::string& version, const std::string& error) {
  v1::ReportShardSavedRequest request;
  request.set_incarnation(node.incarnation());
  const bool model = version == "model";
  request.set_version(model ? Status().progress().version() : std::stoull(version));
  request.set_folder(model ? ".model.tmp"
                           : absl::StrCat(".checkpoint-", std::string(9 - version.size(), '0'), version, ".tmp"));
  request.set_file("shard-of-" + node.name());
  request.set_size(100);
  request.set_error(error);
  return ErrorOf(job_.ShardSaved(request, now_));
}

std::string JobStory::Complete(const std::string& error) {
  auto finish = job_.TakeCheckpoint();
  if (!finish) return "nothing";
  last_checkpoint = *finish;
  const absl::Status status = error.empty() ? absl::OkStatus() : absl::ResourceExhaustedError(error);
  job_.CheckpointFinished(finish->folder, status, finish->final ? "5ha256" : "", now_);
  return finish->name;
}

}  // namespace pumasi
