#include "tools/cli/embedded_cluster.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <climits>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/file.h"

namespace pumasi {
namespace {

constexpr absl::Duration kStartWithin = absl::Seconds(20);
constexpr absl::Duration kStopWithin = absl::Seconds(5);
// A daemon whose parent was killed in a way that the kernel could not pass on ends by itself after this.
const char kSchedulerTimeout[] = "--scheduler_timeout=30";

}  // namespace

absl::StatusOr<std::string> FindDaemon(const std::string& program, std::string folder) {
  if (folder.empty()) {
    char self[PATH_MAX];
    const ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    if (size <= 0) return absl::NotFoundError("cannot tell where this program lies");
    folder.assign(self, size);
    folder.resize(folder.rfind('/'));
  }
  const std::string kind = program == "pumasi-worker" ? "member" : program.substr(program.rfind('-') + 1);
  std::string tried;
  for (const std::string& place : {folder + "/" + program, absl::StrCat(folder, "/../", kind, "/", program),
                                   absl::StrCat(folder, "/../../", kind, "/", program)}) {
    if (access(place.c_str(), X_OK) == 0) return place;
    absl::StrAppend(&tried, tried.empty() ? "" : ", ", place);
  }
  return absl::NotFoundError(absl::StrCat(program, " is not there; looked for ", tried));
}

absl::Status EmbeddedCluster::StartDaemon(const std::string& program, const std::string& name,
                                          const std::vector<std::string>& flags, const std::string& logs) {
  auto path = FindDaemon(program, options_.programs);
  if (!path.ok()) return path.status();
  DaemonHost host;
  host.listen = absl::StrCat("unix:", folder_, "/", name, ".sock");
  if (options_.host_of) {
    auto other = options_.host_of(name);
    if (!other.ok()) return other.status();
    host = *std::move(other);
  }
  if (children_.empty()) address_ = host.listen;  // the scheduler's, which is started first
  DaemonStart start{{*path, "--name=" + name, "--listen=" + host.listen}, host.network};
  start.arguments.insert(start.arguments.end(), host.flags.begin(), host.flags.end());
  start.arguments.insert(start.arguments.end(), flags.begin(), flags.end());
  auto child = Launch(name, start);
  if (!child.ok()) return child.status();
  children_.push_back(*std::move(child));
  starts_.push_back(std::move(start));
  told_.push_back(false);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ChildProcess>> EmbeddedCluster::Launch(const std::string& name,
                                                                      const DaemonStart& start) const {
  return ChildProcess::Start(name, start.arguments, absl::StrCat(options_.logs, "/", name, ".log"), start.network);
}

absl::Status EmbeddedCluster::Restart(const std::string& name) {
  for (size_t i = 0; i < children_.size(); ++i) {
    if (children_[i]->name() != name) continue;
    // Only one process may have the address.
    children_[i]->Signal(SIGKILL);
    if (!children_[i]->WaitUntil(RealClock().Now() + kStopWithin)) {
      return absl::DeadlineExceededError(absl::StrCat(name, " was killed and does not end"));
    }
    auto child = Launch(name, starts_[i]);
    if (!child.ok()) return child.status();
    children_[i] = *std::move(child);
    told_[i] = false;
    return absl::OkStatus();
  }
  return absl::NotFoundError(absl::StrCat("no daemon is named ", name));
}

std::vector<std::string> EmbeddedCluster::Names() const {
  std::vector<std::string> names;
  for (const auto& child : children_) names.push_back(child->name());
  return names;
}

absl::Status EmbeddedCluster::WaitForScheduler(int watch, const std::string& logs) {
  const absl::Duration deadline = RealClock().Now() + kStartWithin;
  ChildProcess& scheduler = *children_.front();
  while (access((folder_ + "/address").c_str(), F_OK) != 0) {
    // Wakes for the file (the event) and now and then to see whether the process still lives.
    pollfd event{watch, POLLIN, 0};
    poll(&event, 1, 200);
    char events[4096];
    (void)!read(watch, events, sizeof events);
    if (!scheduler.Running()) {
      return absl::UnavailableError(
          absl::StrCat("the scheduler ended by ", scheduler.HowItEnded(), "; see ", logs, "/scheduler.log"));
    }
    if (RealClock().Now() > deadline) return absl::DeadlineExceededError("the scheduler did not start; see " + logs);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<EmbeddedCluster>> EmbeddedCluster::Start(const Options& options) {
  std::unique_ptr<EmbeddedCluster> cluster(new EmbeddedCluster);
  if (absl::Status status = RealFiles().MakeFolder(options.logs); !status.ok()) return status;
  cluster->options_ = options;
  char folder[] = "/tmp/pumasi-XXXXXX";  // short: a socket's path may have 107 characters
  if (mkdtemp(folder) == nullptr)
    return absl::InternalError(absl::StrCat("cannot make a folder in /tmp: ", strerror(errno)));
  cluster->folder_ = folder;
  const int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (watch < 0 || inotify_add_watch(watch, folder, IN_MOVED_TO) < 0) {
    return absl::InternalError(absl::StrCat("cannot watch ", folder, ": ", strerror(errno)));
  }
  // The daemons act for the user who started them, on the user's own files: the roots hold nothing back.
  absl::Status status =
      cluster->StartDaemon("pumasi-scheduler", "scheduler",
                           {"--output_root=/", absl::StrCat("--address_file=", folder, "/address"),
                            absl::StrCat("--store=", options.store.empty() ? "memory" : options.store)},
                           options.logs);
  if (status.ok()) status = cluster->WaitForScheduler(watch, options.logs);
  close(watch);
  for (uint32_t i = 0; status.ok() && i < options.servers; ++i) {
    status = cluster->AddServer(i);
  }
  for (uint32_t i = 0; status.ok() && i < options.workers; ++i) {
    status = cluster->AddWorker(i);
  }
  if (!status.ok()) return status;
  return cluster;
}

absl::Status EmbeddedCluster::AddWorker(uint32_t number) {
  std::vector<std::string> flags = {"--scheduler=" + address_, "--data_root=/", "--output_root=/", kSchedulerTimeout};
  if (options_.devices > 1) flags.push_back(absl::StrCat("--devices=", options_.devices));
  if (!options_.cache.empty()) flags.push_back("--cache=" + options_.cache);
  return StartDaemon("pumasi-worker", absl::StrCat("worker-", number), flags, options_.logs);
}

absl::Status EmbeddedCluster::AddServer(uint32_t number) {
  return StartDaemon("pumasi-server", absl::StrCat("server-", number),
                     {"--scheduler=" + address_, "--output_root=/", kSchedulerTimeout}, options_.logs);
}

ChildProcess* EmbeddedCluster::Find(const std::string& name) {
  for (const auto& child : children_) {
    if (child->name() == name) return child.get();
  }
  return nullptr;
}

EmbeddedCluster::~EmbeddedCluster() {
  Stop();
  (void)RealFiles().RemoveFolder(folder_);
}

std::string EmbeddedCluster::Casualty() {
  for (size_t i = 0; i < children_.size(); ++i) {
    if (told_[i] || children_[i]->Running()) continue;
    told_[i] = true;
    return absl::StrCat(children_[i]->name(), " ended by ", children_[i]->HowItEnded());
  }
  return "";
}

void EmbeddedCluster::Stop() {
  // Those that need the scheduler first, so that they can take their leave.
  const absl::Duration deadline = RealClock().Now() + kStopWithin;
  for (size_t i = 1; i < children_.size(); ++i) children_[i]->Signal(SIGTERM);
  for (size_t i = 1; i < children_.size(); ++i) children_[i]->WaitUntil(deadline);
  if (!children_.empty()) {
    children_[0]->Signal(SIGTERM);
    children_[0]->WaitUntil(deadline);
  }
  children_.clear();  // kills what is left
}

}  // namespace pumasi
