#include "common/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "common/field_rules.h"
#include "common/log_line.h"
#include "proto/config.pb.h"

namespace pumasi {
namespace {

struct Logging {
  std::shared_ptr<spdlog::logger> logger;
  bool json = false;
  std::string node;
};

std::shared_ptr<spdlog::logger> MakeLogger(spdlog::sink_ptr sink, spdlog::level::level_enum level) {
  auto logger = std::make_shared<spdlog::logger>("pumasi", std::move(sink));
  // Lines come finished from common/log_line.h: spdlog brings levels, sinks, locking and flushing.
  logger->set_pattern("%v");
  logger->set_level(level);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

absl::Mutex mutex(absl::kConstInit);

// Never destroyed, so that threads may log until the very end.
std::shared_ptr<const Logging>* Current() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
  static auto* const current = new std::shared_ptr<const Logging>(std::make_shared<Logging>(
      Logging{MakeLogger(std::make_shared<spdlog::sinks::stderr_sink_mt>(), spdlog::level::info), false, ""}));
  return current;
}

std::shared_ptr<const Logging> GetLogging() {
  absl::MutexLock lock(&mutex);
  return *Current();
}

spdlog::level::level_enum LevelOf(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return spdlog::level::debug;
    case Severity::kInfo:
      return spdlog::level::info;
    case Severity::kWarn:
      return spdlog::level::warn;
    case Severity::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

spdlog::level::level_enum LevelOf(v1::LogLevel level) {
  switch (level) {
    case v1::LOG_LEVEL_DEBUG:
      return spdlog::level::debug;
    case v1::LOG_LEVEL_WARN:
      return spdlog::level::warn;
    case v1::LOG_LEVEL_ERROR:
      return spdlog::level::err;
    default:
      return spdlog::level::info;
  }
}

}  // namespace

absl::Status SetUpLogging(const v1::Log& given, const std::string& node) {
  v1::Log settings = given;
  if (absl::Status status = ApplyFallbacks(&settings); !status.ok()) return status;
  auto logging = std::make_shared<Logging>();
  logging->json = settings.format() == v1::LOG_FORMAT_JSON;
  logging->node = node;
  spdlog::sink_ptr sink;
  try {
    if (settings.file().empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(settings.file());
    }
  } catch (const spdlog::spdlog_ex& error) {
    return absl::InvalidArgumentError(absl::StrCat("log.file: ", error.what()));
  }
  logging->logger = MakeLogger(std::move(sink), LevelOf(settings.level()));
  absl::MutexLock lock(&mutex);
  *Current() = std::move(logging);
  return absl::OkStatus();
}

void Log(Severity severity, absl::string_view message, std::initializer_list<LogField> fields) {
  const std::shared_ptr<const Logging> logging = GetLogging();
  if (!logging->logger->should_log(LevelOf(severity))) return;
  const auto line = logging->json ? JsonLine : TextLine;
  const std::string text = line(RealClock().WallNow(), severity, logging->node, fields, message);
  // spdlog reports its own failures on standard error and does not throw.
  logging->logger->log(LevelOf(severity), spdlog::string_view_t(text.data(), text.size()));
}

bool Logs(Severity severity) { return GetLogging()->logger->should_log(LevelOf(severity)); }

}  // namespace pumasi
