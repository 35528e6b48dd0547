#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <set>
#include <thread>

#include "tests/worker_input/prepare_place.h"
#include "worker/input/prepare.h"

namespace pumasi {
namespace {

// Stages that a preparation went through.
std::set<std::string> Stages(const Place& place, const v1::Job& job) {
  std::set<std::string> stages;
  PrepareOptions options = place.Options();
  options.progress = [&](const PrepareProgress& progress) { stages.insert(progress.stage); };
  REQUIRE(PrepareData(job, place.folder / "data", options).ok());
  return stages;
}

TEST_CASE("A second preparation only opens the cache, until settings or contents change") {
  const Place place;
  v1::Job job = SomeJob();
  CHECK(Stages(place, job).count("reading rows") == 1);
  CHECK(Stages(place, job).count("reading rows") == 0);
  const std::string fingerprint = place.MustPrepare(job).summary.fingerprint();
  // What does not matter to the data does not matter here.
  job.set_name("another");
  job.set_seed(2);
  job.set_epochs(9);
  CHECK(Stages(place, job).count("reading rows") == 0);
  // Nor does where the files lie.
  std::filesystem::copy(place.folder / "data/train.csv", place.folder / "data/copy.csv");
  job.mutable_data()->set_train("copy.csv");
  CHECK(Stages(place, job).count("reading rows") == 0);

  job.mutable_tokenizer()->set_max_length(11);
  CHECK(Stages(place, job).count("reading rows") == 1);
  job.mutable_tokenizer()->set_max_length(12);
  place.folder.Write("data/copy.csv", SomeCsv(5001));
  CHECK(Stages(place, job).count("reading rows") == 1);
  CHECK((place.MustPrepare(job).summary.fingerprint() != fingerprint));
  CHECK(place.Entries().size() == 3);
}

TEST_CASE("Damage to any file of an entry is noticed, and the entry is built again") {
  const Place place;
  const v1::Job job = SomeJob();
  const std::string fingerprint = place.MustPrepare(job).summary.fingerprint();
  const std::string entry = place.Entries().at(0);
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(entry)) files.push_back(file.path().filename().string());
  REQUIRE(files.size() == 5);
  const std::string name = std::filesystem::path(entry).filename().string();
  for (const std::string& file : files) {
    for (const char* damage : {"flipped", "cut", "removed", "emptied"}) {
      CAPTURE(file, damage);
      const std::string inside = "cache/" + name + "/" + file;
      std::string contents = place.folder.Read(inside);
      if (damage == std::string("flipped")) contents[contents.size() / 3] ^= 4;
      if (damage == std::string("cut")) contents.resize(contents.size() - 1);
      if (damage == std::string("emptied")) contents.clear();
      place.folder.Write(inside, contents);
      if (damage == std::string("removed")) std::filesystem::remove(place.folder / inside);
      CHECK(Stages(place, job).count("reading rows") == 1);
      CHECK((place.MustPrepare(job).summary.fingerprint() == fingerprint));
      CHECK(Stages(place, job).count("reading rows") == 0);
    }
  }
}

TEST_CASE("What a crash left half built is swept away") {
  const Place place;
  const v1::Job job = SomeJob();
  const std::string fingerprint = place.MustPrepare(job).summary.fingerprint();
  const std::string entry = place.Entries().at(0);
  std::filesystem::rename(entry, entry + ".partial");
  std::filesystem::resize_file(entry + ".partial/train.rows", 100);
  std::filesystem::remove(entry + ".partial/entry");
  CHECK((place.MustPrepare(job).summary.fingerprint() == fingerprint));
  CHECK(place.Entries() == std::vector<std::string>{entry});
  // The rows of a file open before stay readable when the entry is replaced.
  const Prepared open = place.MustPrepare(job);
  std::filesystem::remove(entry + "/labels.txt");
  place.MustPrepare(job);
  std::vector<uint32_t> ids, labels;
  open.train->Get(4999, &ids, &labels);
  CHECK(!ids.empty());
}

TEST_CASE("Threads and processes that prepare the same at once build it once") {
  const Place place;
  const v1::Job job = SomeJob();
  std::vector<pid_t> children;
  int results[2];
  REQUIRE(pipe(results) == 0);
  for (int i = 0; i < 3; ++i) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    char built = 0;
    PrepareOptions options = place.Options();
    options.progress = [&](const PrepareProgress& progress) { built |= progress.stage == "reading rows"; };
    const auto prepared = PrepareData(job, place.folder / "data", options);
    if (!prepared.ok()) built = 100;
    _exit(write(results[1], &built, 1) == 1 ? 0 : 1);
  }
  int built = 0;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      bool mine = false;
      PrepareOptions options = place.Options();
      options.progress = [&](const PrepareProgress& progress) { mine |= progress.stage == "reading rows"; };
      const bool ok = PrepareData(job, place.folder / "data", options).ok();
      const std::lock_guard<std::mutex> lock(mutex);
      built += ok ? mine : 100;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const pid_t child : children) {
    char result = 0;
    REQUIRE(read(results[0], &result, 1) == 1);
    built += result;
    waitpid(child, nullptr, 0);
  }
  close(results[0]);
  close(results[1]);
  CHECK(built == 1);
}

TEST_CASE("Cancelling ends a preparation and leaves nothing half built") {
  const Place place;
  PrepareOptions options = place.Options();
  std::atomic<bool> cancel{false};
  options.progress = [&](const PrepareProgress& progress) { cancel = progress.stage == "encoding training rows"; };
  options.cancelled = [&] { return cancel.load(); };
  CHECK(absl::IsCancelled(PrepareData(SomeJob(), place.folder / "data", options).status()));
  CHECK(place.Entries().empty());
}

}  // namespace
}  // namespace pumasi
