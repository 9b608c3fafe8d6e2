-- What wrk sends, from the environment: OIT_BENCH_METHOD, OIT_BENCH_BODY (a file) and OIT_BENCH_PATHS (a file with a
-- path in each line, taken in turn). At the end one line of JSON: durations in microseconds.

local function read(name)
  local path = os.getenv(name)
  if not path or path == "" then return nil end
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local requests = {}
local turn = 0

function init(args)
  local method, body = os.getenv("OIT_BENCH_METHOD") or "GET", read("OIT_BENCH_BODY")
  local headers = {["Accept"] = "application/json;charset=utf-8"}
  local token = os.getenv("OIT_BENCH_TOKEN") or ""
  if token ~= "" then headers["Authorization"] = "Bearer " .. token end
  if body then headers["Content-Type"] = "application/json;charset=utf-8" end
  for path in read("OIT_BENCH_PATHS"):gmatch("[^\n]+") do
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout))
end
