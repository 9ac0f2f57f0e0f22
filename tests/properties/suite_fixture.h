// tests/properties/suite_fixture.h: the whole suite in this process, as clients see it.
#ifndef CLV_TESTS_PROPERTIES_SUITE_FIXTURE_H_
#define CLV_TESTS_PROPERTIES_SUITE_FIXTURE_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "clv/v1/aggregation_service.pb.h"
#include "common/base/broadcast.h"
#include "common/base/clock.h"
#include "common/base/data_directory.h"
#include "common/rpc/authenticator.h"
#include "common/rpc/server_host.h"
#include "common/rpc/worker_pool.h"
#include "services/aggregation/role.h"
#include "services/ingest/role.h"
#include "services/query/role.h"
#include "tests/common/storage/temp_directory.h"
#include "tests/model/naive_model.h"
#include "tests/properties/histories.h"
#include "tests/properties/questions.h"

namespace clv::properties {

// A clock that the test turns.
class TestClock final : public Clock {
 public:
  int64_t NowMicros() const override { return seconds_ * 1'000'000; }
  void Advance(int64_t seconds) { seconds_ += seconds; }

 private:
  std::atomic<int64_t> seconds_ = kNow;
};

// An answer of the /v0 face.
struct Reply {
  int http_status = 0;
  std::string body;
};

// What became of a batch.
struct SendResult {
  int http_status = 0;
  int64_t successful_rows = -1;
  int64_t quarantined_rows = -1;
};

// Ingest, aggregation and query behind one server without a socket, wired as clv-suite wires them.
// The log is kept whole. Thread-safe once made, but for Restart.
class RunningSuite {
 public:
  explicit RunningSuite(const std::string& reporting_currency = "USD");
  ~RunningSuite();

  // Ends all roles and starts them again on the same data.
  void Restart();

  // Calls of the /v0 face; `token` "" sends none.
  Reply Post(const std::string& path, const std::string& body, const std::string& token) const;
  Reply Get(const std::string& path, const std::string& token) const;

  // Sends values with the admin token.
  SendResult Send(const std::string& data_source, const std::string& body, bool wait) const;
  // Sends one row and waits until it is visible; anything but success fails the test.
  void SendRow(const std::string& data_source, const std::string& json) const;
  // Sends the batches as bodies of random forms, and tells `model` the same; what became of the
  // rows must be what the model says. The clock moves before each batch. At the end all is folded.
  void SendAll(const std::vector<Batch>& batches, Dice* dice, model::NaiveModel* model);
  // Waits until everything in the log is folded. (`wait` waits for the rows of its own request
  // only, and for nothing when all of them were refused.)
  void WaitUntilFolded() const;

  // The served answer, with the admin token.
  Reply Ask(const Question& question) const;
  // The answer as a table; one that is none fails the test.
  model::Table AskTable(const std::string& endpoint,
                        const std::multimap<std::string, std::string>& parameters = {}) const;

  // Run a job and wait for its end.
  v1::Job Verify(bool from_log) const;
  v1::Job Rebuild() const;
  // Fails the test when a recomputation, from the facts and from the log, differs.
  void ExpectVerified() const;

  // A token with these scopes.
  std::string MakeToken(const std::string& name, const std::vector<std::string>& scopes) const;

  // The facts and computed rows as text, without updated_at and folded_position.
  std::string State() const;
  // Every row of the log and of the quarantine's counts, as text.
  std::string LogState() const;

  std::shared_ptr<grpc::Channel> channel() const { return host_->InProcessChannel(); }
  std::string authorization() const { return "Bearer " + ingest_->admin_token(); }
  const std::string& admin_token() const { return ingest_->admin_token(); }
  const DataDirectory& directory() const { return data_; }
  TestClock& clock() { return clock_; }

 private:
  void Start();
  void Stop();
  v1::Job WaitForJob(v1::Job job) const;

  TempDirectory directory_;
  const DataDirectory data_{directory_.path()};
  const std::string reporting_currency_;
  TestClock clock_;
  Broadcast appended_;
  Broadcast folded_;
  std::unique_ptr<rpc::Authenticator> authenticator_;
  std::unique_ptr<rpc::WorkerPool> workers_;
  std::unique_ptr<ingest::IngestRole> ingest_;
  std::unique_ptr<aggregation::AggregationRole> aggregation_;
  std::unique_ptr<query::QueryRole> query_;
  std::unique_ptr<rpc::ServerHost> host_;
};

// "" when the suite answers the question as the model does (a table that agrees, or a 400 that
// names the parameter), else what differs.
std::string Difference(const RunningSuite& suite, const model::NaiveModel& model,
                       const Question& question, int64_t now);

// A served decimal as micros.
__int128 MicrosOf(const std::string& decimal);

// The sum of a column of decimals or integers, in micros.
__int128 SumOf(const model::Table& table, const std::string& column);

// How many cases a property tries: `usual`, or with CLV_TEST_LONG=1 `thorough`.
int Cases(int usual, int thorough);

// The first seed: CLV_TEST_SEED, or a fixed one.
uint64_t FirstSeed();

}  // namespace clv::properties

#endif  // CLV_TESTS_PROPERTIES_SUITE_FIXTURE_H_
