#include "worker/collective/collective.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pumasi {
namespace {

// Others may be so many batches ahead, at most: the one that this member has applied is the last that they all have.
constexpr uint64_t kAhead = 1;
// Who has waited for half of the (short) patience tells so, so often in a patience; what it told counts for half a one.
constexpr int kTells = 4;

using Kind = CollectiveMessage::Kind;

}  // namespace

absl::StatusOr<std::unique_ptr<Collective>> Collective::Create(Options options, absl::Duration now) {
  const CollectiveShape& shape = *options.shape;
  if (absl::Status status = CheckGroup(shape.group); !status.ok()) return status;
  if (shape.self >= shape.group.size() || shape.chunks.size() != shape.group.chunks()) {
    return absl::InvalidArgumentError(absl::StrCat("member ", shape.self, " with ", shape.chunks.size(),
                                                   " chunks, of a group of ", shape.group.size(), " with ",
                                                   shape.group.chunks()));
  }
  return std::unique_ptr<Collective>(new Collective(std::move(options), now));
}

Collective::Collective(Options options, absl::Duration now)
    : options_(std::move(options)), next_(options_.first_version), moved_(now), told_(now) {}

TreeReduction& Collective::At(uint64_t version) {
  const auto found = batches_.find(version);
  if (found != batches_.end()) return found->second;
  std::vector<BatchRounding> roundings;
  if (options_.roundings) roundings = options_.roundings(version);
  return batches_.emplace(version, TreeReduction(options_.shape, version, std::move(roundings))).first->second;
}

absl::Status Collective::Give(uint64_t version, PartRange node, std::vector<Gradient> by_chunk, absl::Duration now) {
  if (broken_ || version != next_) {
    return absl::FailedPreconditionError(
        broken_ ? "the group was given up"
                : absl::StrCat("batch ", version, " is computed while the group is at batch ", next_));
  }
  absl::Status status = At(version).Give(node, std::move(by_chunk));
  Advance(now);
  return status;
}

void Collective::Applied(uint64_t version, absl::Duration now) {
  const auto batch = batches_.find(version);
  if (broken_ || batch == batches_.end() || !batch->second.summed()) return;
  batch->second.Applied();
  Advance(now);
}

absl::StatusOr<Collective::Taken> Collective::Arrived(uint32_t from, const CollectiveMessage& message,
                                                      absl::Duration now) {
  if (message.epoch > group().epoch) return Taken::kNotYet;
  if (broken_ || message.epoch < group().epoch) return Taken::kOld;
  if (from >= group().size() || from == options_.shape->self) {
    return absl::InvalidArgumentError(absl::StrCat("a message of member ", from, " in a group of ", group().size()));
  }
  for (const uint32_t member : message.members) {
    if (member >= group().size()) {
      return absl::InvalidArgumentError(
          absl::StrCat(group().members[from], " tells of member ", member, " in a group of ", group().size()));
    }
  }
  if (message.kind == Kind::kBroken) {
    Break(absl::UnavailableError(absl::StrCat(message.text, " (told by ", group().members[from], ")")),
          {message.members.begin(), message.members.end()}, /*tell=*/false);
    return Taken::kTaken;
  }
  if (message.version < next_) return Taken::kOld;
  if (message.version > next_ + kAhead) return Taken::kNotYet;
  if (message.kind == Kind::kWaits) {
    waits_[from] = {{message.members.begin(), message.members.end()}, now};
    return Taken::kTaken;
  }
  // The sender is past the batch before only if all have it, this member too. A message that says otherwise lies.
  const auto before = batches_.find(next_);
  if (message.version > next_ && (before == batches_.end() || !before->second.applied())) {
    return absl::InvalidArgumentError(absl::StrCat(group().members[from], " is at batch ", message.version, ", while ",
                                                   group().members[options_.shape->self], " has not applied batch ",
                                                   next_));
  }
  const bool begun = batches_.count(message.version) > 0;
  if (absl::Status status = At(message.version).Arrived(from, message); !status.ok()) {
    if (!begun) batches_.erase(message.version);
    return status;
  }
  CompleteBefore(message.version);
  Advance(now);
  return Taken::kTaken;
}

void Collective::CompleteBefore(uint64_t version) {
  for (; next_ < version; ++next_) {
    const auto batch = batches_.find(next_);
    past_moves_ += batch->second.moves() + 1;
    for (CollectiveEffect& effect : batch->second.TakeEffects()) effects_.push_back(std::move(effect));
    batches_.erase(batch);
    effects_.emplace_back(AllHave{next_});
  }
}

void Collective::Advance(absl::Duration now) {
  uint64_t moves = past_moves_;
  for (auto& [version, batch] : batches_) {
    moves += batch.moves();
    for (CollectiveEffect& effect : batch.TakeEffects()) effects_.push_back(std::move(effect));
  }
  if (moves != moves_) moved_ = now;
  moves_ = moves;
  const auto first = batches_.find(next_);
  if (first != batches_.end() && first->second.complete()) CompleteBefore(next_ + 1);
}

void Collective::Lost(uint32_t member, const std::string& why) {
  if (broken_ || member >= group().size()) return;
  Break(absl::UnavailableError(absl::StrCat("batch ", next_, " of epoch ", group().epoch, ": ", group().members[member],
                                            " is gone: ", why)),
        {member}, /*tell=*/true);
}

absl::Duration Collective::Patience() const {
  const auto batch = batches_.find(next_);
  // Who owns no chunk does not see whether parts are missing. Who has all parts knows that they are sent to all owners.
  const bool owns = std::count(group().owners.begin(), group().owners.end(), options_.shape->self) > 0;
  const bool computed = batch != batches_.end() && (batch->second.summed() || (owns && !batch->second.parts_missing()));
  return computed ? options_.patience : options_.patience_computing;
}

absl::Duration Collective::NextDeadline() const {
  // Nobody is waited for where nothing of the batch has begun.
  if (broken_ || batches_.empty()) return absl::InfiniteDuration();
  const absl::Duration tell = std::max(moved_ + options_.patience / 2, told_ + options_.patience / kTells);
  return std::min(moved_ + Patience(), tell);
}

void Collective::Tick(absl::Duration now) {
  if (now < NextDeadline()) return;
  if (now < moved_ + Patience()) return TellWaits(now);
  const std::set<uint32_t> silent = Silent(now);
  std::vector<std::string> names;
  for (const uint32_t member : silent) names.push_back(group().members[member]);
  Break(absl::DeadlineExceededError(absl::StrCat("waited ", absl::FormatDuration(now - moved_),
                                                 names.empty() ? "" : absl::StrCat(" for ", absl::StrJoin(names, ", ")),
                                                 "; ", WaitingFor())),
        silent, /*tell=*/true);
}

std::string Collective::WaitingFor() const {
  const auto batch = batches_.find(next_);
  return absl::StrCat("batch ", next_, " of epoch ", group().epoch, ": ",
                      batch == batches_.end() ? "nothing has begun" : batch->second.missing().text);
}

std::set<uint32_t> Collective::Silent(absl::Duration now) const {
  const std::set<uint32_t> direct = batches_.at(next_).missing().members;
  std::vector<uint32_t> look(direct.begin(), direct.end());
  std::set<uint32_t> seen = direct, silent;
  for (size_t i = 0; i < look.size(); ++i) {
    const auto told = waits_.find(look[i]);
    const bool waits =
        told != waits_.end() && !told->second.members.empty() && now - told->second.heard <= options_.patience / 2;
    if (!waits) {
      if (look[i] != options_.shape->self) silent.insert(look[i]);
      continue;
    }
    for (const uint32_t member : told->second.members) {
      if (seen.insert(member).second) look.push_back(member);
    }
  }
  return silent.empty() ? direct : silent;
}

void Collective::TellWaits(absl::Duration now) {
  told_ = now;
  const std::set<uint32_t> members = batches_.at(next_).missing().members;
  CollectiveMessage message;
  message.kind = Kind::kWaits;
  message.members = {members.begin(), members.end()};
  SendAll(std::move(message));
}

void Collective::Break(absl::Status why, const std::set<uint32_t>& members, bool tell) {
  broken_ = true;
  batches_.clear();
  if (tell) {
    CollectiveMessage message;
    message.kind = Kind::kBroken;
    message.members = {members.begin(), members.end()};
    message.text = std::string(why.message());
    SendAll(std::move(message));
  }
  effects_.emplace_back(GroupBroken{std::move(why), {members.begin(), members.end()}});
}

void Collective::SendAll(CollectiveMessage message) {
  message.epoch = group().epoch;
  message.version = next_;
  for (uint32_t to = 0; to < group().size(); ++to) {
    if (to != options_.shape->self) effects_.emplace_back(SendToMember{to, message});
  }
}

std::vector<CollectiveEffect> Collective::TakeEffects() { return std::exchange(effects_, {}); }

}  // namespace pumasi
