-- What wrk sends, and what it found as one line of JSON. Called with a file that only its owner reads: a line
-- "header NAME: VALUE" for each header, and at most one line "tokens FILE", of which each request takes one at random.

local requests = {}

function init(args)
  local tokens
  for line in io.lines(args[1]) do
    local name, value = line:match("^header ([^:]+): (.*)$")
    if name then wrk.headers[name] = value end
    tokens = tokens or line:match("^tokens (.+)$")
  end
  -- Without a function of the name `request`, wrk sends one request that is made once.
  if not tokens then return end
  math.randomseed(os.time())
  for token in io.lines(tokens) do
    wrk.headers["Authorization"] = "Bearer " .. token
    requests[#requests + 1] = wrk.format()
  end
  request = function() return requests[math.random(#requests)] end
end

function done(summary, latency)
  local errors = summary.errors
  local failures = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"p50":%.4f,"p99":%.4f,"failures":%d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failures
  ))
end
