using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace Workflows.Testing;

/// <summary>Uses the platform through its public API; looks into the database only to verify.</summary>
public sealed class PlatformClient : IDisposable
{
    private const int ReadAttempts = 200;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPoll = TimeSpan.FromMilliseconds(250);

    private readonly HttpClient _http;
    private readonly NpgsqlDataSource _database;

    /// <param name="platform">What it talks to.</param>
    /// <param name="handler">How its requests get there; null = to the first instance of the API. Disposed with this.</param>
    public PlatformClient(Platform platform, HttpMessageHandler? handler = null)
    {
        _http = new HttpClient(handler ?? new SocketsHttpHandler { MaxConnectionsPerServer = 100, UseProxy = false }) { BaseAddress = platform.Api };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", platform.ApiKey);
        _database = NpgsqlDataSource.Create(platform.Postgres);
    }

    /// <summary>Creates and publishes a workflow; again while the API has no database, as after a fault.</summary>
    public async Task<string> PublishAsync(string name, string definition)
    {
        var key = Guid.CreateVersion7().ToString();
        using var created = await SendWhileUnavailableAsync(() => new HttpRequestMessage(HttpMethod.Post, "/api/v1/workflows")
        {
            Content = Json($$"""{"name":"{{name}}","definition":{{definition}}}"""),
            Headers = { { "Idempotency-Key", key } },
        });
        var id = (await DataAsync(created)).GetProperty("id").GetString()!;
        using var published = await SendWhileUnavailableAsync(() =>
        {
            var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/workflows/{id}/publish") { Content = Json("{}") };
            request.Headers.TryAddWithoutValidation("If-Match", "*");
            return request;
        });
        await DataAsync(published);
        return id;
    }

    private async Task<HttpResponseMessage> SendWhileUnavailableAsync(Func<HttpRequestMessage> make)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var request = make();
            var response = await _http.SendAsync(request);
            if ((int)response.StatusCode != 503 || attempt == ReadAttempts)
            {
                return response;
            }

            response.Dispose();
            await Task.Delay(Poll * 5, CancellationToken.None);
        }
    }

    /// <summary>Starts one execution; 202.</summary>
    public async Task StartAsync(string workflowId, byte[] body)
    {
        using var response = await _http.PostAsync($"/api/v1/workflows/{workflowId}/execute", Json(body));
        if (!response.IsSuccessStatusCode)
        {
            await DataAsync(response);
        }
    }

    /// <summary>Starts one execution as a careful client does: again under the same idempotency key until it is accepted.</summary>
    public Task StartPatientlyAsync(string workflowId, byte[] body, CancellationToken cancellationToken) => SendPatientlyAsync(
        () => new HttpRequestMessage(HttpMethod.Post, $"/api/v1/workflows/{workflowId}/execute") { Content = Json(body) },
        Guid.CreateVersion7().ToString(),
        cancellationToken);

    /// <summary>Sends one structured CloudEvent until it is accepted; its own id makes that safe.</summary>
    public Task SendPatientlyAsync(string cloudEvent, CancellationToken cancellationToken = default) => SendPatientlyAsync(() =>
    {
        var content = new StringContent(cloudEvent, Encoding.UTF8, new MediaTypeHeaderValue("application/cloudevents+json"));
        return new HttpRequestMessage(HttpMethod.Post, "/api/v1/events") { Content = content };
    }, null, cancellationToken);

    private async Task SendPatientlyAsync(Func<HttpRequestMessage> make, string? idempotencyKey, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                using var request = make();
                if (idempotencyKey is not null)
                {
                    request.Headers.Add("Idempotency-Key", idempotencyKey);
                }

                using var response = await _http.SendAsync(request, cancellationToken);
                if (response.IsSuccessStatusCode)
                {
                    return;
                }

                if ((int)response.StatusCode is not (429 or 503))
                {
                    await DataAsync(response);
                }
            }
            catch (HttpRequestException)
            {
                // the connection broke: whether it was accepted is unknown, key and id make asking again safe
            }

            await Task.Delay(Poll * 5, cancellationToken);
        }
    }

    /// <summary>Starts one execution and waits for its end; the status it ended with.</summary>
    public async Task<string> RunAsync(string workflowId, byte[] body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/workflows/{workflowId}/execute") { Content = Json(body) };
        request.Headers.TryAddWithoutValidation("Prefer", "wait=30");
        using var response = await _http.SendAsync(request);
        return (await DataAsync(response)).GetProperty("status").GetString()!;
    }

    public async Task StartBulkAsync(string workflowId, byte[] body)
    {
        using var response = await _http.PostAsync($"/api/v1/workflows/{workflowId}/execute/bulk", Json(body));
        await DataAsync(response);
    }

    /// <summary>Publishes a batch of CloudEvents; how many were accepted.</summary>
    public async Task<int> PublishEventsAsync(byte[] batch)
    {
        using var content = Json(batch);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents-batch+json");
        using var response = await _http.PostAsync("/api/v1/events", content);
        return (await DataAsync(response)).GetProperty("accepted").GetInt32();
    }

    public async Task CreateRuleAsync(byte[] body)
    {
        using var response = await _http.PostAsync("/api/v1/rules", Json(body));
        await DataAsync(response);
    }

    /// <summary>Waits until that many executions of the workflow, of those accepted since an instant, ended well. Counts seldom while many are missing, so as to measure the platform and not itself.</summary>
    /// <exception cref="InvalidOperationException">Some ended otherwise, or not in time.</exception>
    public async Task WaitForCompletedAsync(string workflowId, long count, TimeSpan timeout, DateTimeOffset? since = null)
    {
        var began = TimeProvider.System.GetTimestamp();
        var (lastCount, lastAt) = (0L, TimeSpan.Zero);
        while (true)
        {
            var byStatus = await CountByStatusAsync(workflowId, since);
            var completed = byStatus.GetValueOrDefault("completed");
            var elapsed = TimeProvider.System.GetElapsedTime(began);
            if (completed >= count)
            {
                return;
            }

            if (byStatus.Keys.Any(status => status is "failed" or "cancelled" or "timed_out") || elapsed > timeout)
            {
                throw new InvalidOperationException(
                    $"Of {count} executions: {string.Join(", ", byStatus.Select(entry => $"{entry.Value} {entry.Key}"))}.");
            }

            // Half of what the missing ones will take at the pace so far.
            var pace = (completed - lastCount) / Math.Max(0.001, (elapsed - lastAt).TotalSeconds);
            (lastCount, lastAt) = (completed, elapsed);
            var pause = pace > 0 ? TimeSpan.FromSeconds((count - completed) / pace / 2) : Poll;
            await Task.Delay(pause < Poll / 4 ? Poll / 4 : pause > LongestPoll ? LongestPoll : pause, CancellationToken.None);
        }
    }

    public Task<Dictionary<string, long>> CountByStatusAsync(string workflowId, DateTimeOffset? since = null) =>
        PatientlyAsync(() => CountOnceAsync(workflowId, since ?? DateTimeOffset.UnixEpoch));

    // The server may be restarting, and a pooled connection is found broken only when it is used.
    private static async Task<T> PatientlyAsync<T>(Func<Task<T>> read)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await read();
            }
            catch (NpgsqlException exception) when (exception.IsTransient || exception.SqlState?.StartsWith("57P", StringComparison.Ordinal) == true)
            {
                if (attempt == ReadAttempts)
                {
                    throw;
                }

                await Task.Delay(Poll * 5, CancellationToken.None);
            }
        }
    }

    private async Task<Dictionary<string, long>> CountOnceAsync(string workflowId, DateTimeOffset since)
    {
        await using var command = _database.CreateCommand("""
            select e.status, count(*) from executions e
            where e.tenant_id = (select w.tenant_id from workflows w where w.id = $1) and e.workflow_id = $1 and e.id >= $2 group by e.status
            """);
        command.Parameters.Add(new() { Value = Guid.Parse(workflowId) });
        command.Parameters.Add(new() { Value = Guid.CreateVersion7(since) });
        await using var reader = await command.ExecuteReaderAsync();
        var counts = new Dictionary<string, long>();
        while (await reader.ReadAsync())
        {
            counts.Add(reader.GetString(0), reader.GetInt64(1));
        }

        return counts;
    }

    /// <summary>Checks that each of the executions has each of its steps once.</summary>
    /// <exception cref="InvalidOperationException">A step is missing or recorded twice.</exception>
    public async Task VerifyStepsAsync(string workflowId, long executions, int stepsEach)
    {
        await using var command = _database.CreateCommand("""
            select count(*), count(distinct (s.execution_id, s.node_id)), count(distinct s.execution_id)
            from step_executions s join executions e on e.tenant_id = s.tenant_id and e.id = s.execution_id
            where e.workflow_id = $1
            """);
        command.Parameters.Add(new() { Value = Guid.Parse(workflowId) });
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var (rows, distinct, ran) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
        if (rows != executions * stepsEach || distinct != rows || ran != executions)
        {
            throw new InvalidOperationException($"Expected {executions} x {stepsEach} steps, found {rows} rows, {distinct} distinct, of {ran} executions.");
        }
    }

    public Task<T> ScalarAsync<T>(string sql, params object[] parameters) => PatientlyAsync(() => ScalarOnceAsync<T>(sql, parameters));

    /// <summary>One statement that has no value, also one that no transaction may hold.</summary>
    public async Task ExecuteAsync(string sql)
    {
#pragma warning disable CA2100 // constants of the benchmarks
        await using var command = _database.CreateCommand(sql);
#pragma warning restore CA2100
        command.CommandTimeout = 300;
        await command.ExecuteNonQueryAsync();
    }

    private async Task<T> ScalarOnceAsync<T>(string sql, object[] parameters)
    {
#pragma warning disable CA2100 // constants of the benchmarks
        await using var command = _database.CreateCommand(sql);
#pragma warning restore CA2100
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        command.CommandTimeout = 300;
        return (T)(await command.ExecuteScalarAsync() ?? throw new InvalidOperationException("No value."));
    }

    public NpgsqlDataSource Database => _database;

    private static ByteArrayContent Json(string text) => Json(Encoding.UTF8.GetBytes(text));

    private static ByteArrayContent Json(byte[] utf8)
    {
        var content = new ByteArrayContent(utf8);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    private static async Task<JsonElement> DataAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        return response.IsSuccessStatusCode && body.TryGetProperty("data", out var data)
            ? data
            : throw new InvalidOperationException($"{(int)response.StatusCode} from {response.RequestMessage!.RequestUri}: {body}");
    }

    public void Dispose()
    {
        _http.Dispose();
        _database.Dispose();
    }
}
