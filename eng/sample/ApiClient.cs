using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Workflows.Sample;

/// <summary>The calls the sample makes, as any client would.</summary>
internal sealed class ApiClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly HttpClient _http;

    public ApiClient(string address, string apiKey)
    {
        _http = new HttpClient { BaseAddress = new Uri(address) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
    }

    /// <summary>Creates the workflow, or brings the one of this name up to date, and publishes it.</summary>
    public async Task<Guid> PublishAsync(string name, string definition)
    {
        var found = await SendAsync(HttpMethod.Get, $"/api/v1/workflows?name={Uri.EscapeDataString(name)}");
        Guid id;
        string? tag;
        if (found.Data.GetArrayLength() == 0)
        {
            var created = await SendAsync(HttpMethod.Post, "/api/v1/workflows", $$"""{"name":{{JsonSerializer.Serialize(name)}},"tags":["sample"],"definition":{{definition}}}""");
            (id, tag) = (created.Data.GetProperty("id").GetGuid(), created.ETag);
        }
        else
        {
            id = found.Data[0].GetProperty("id").GetGuid();
            var current = await SendAsync(HttpMethod.Get, $"/api/v1/workflows/{id}");
            var updated = await SendAsync(HttpMethod.Patch, $"/api/v1/workflows/{id}", $$"""{"definition":{{definition}}}""", ifMatch: current.ETag);
            tag = updated.ETag;
        }

        await SendAsync(HttpMethod.Post, $"/api/v1/workflows/{id}/publish", "{}", ifMatch: tag);
        return id;
    }

    /// <summary>Sends a structured CloudEvent; what it did.</summary>
    public async Task<JsonElement> SendEventAsync(string type, string subject, object data)
    {
        var cloudEvent = JsonSerializer.Serialize(new { specversion = "1.0", id = Guid.CreateVersion7(), source = "/sample/shop", type, subject, data });
        var sent = await SendAsync(HttpMethod.Post, "/api/v1/events", cloudEvent, contentType: "application/cloudevents+json");
        return sent.Data.GetProperty("events")[0].Clone();
    }

    /// <summary>Starts an execution.</summary>
    public async Task<Guid> StartAsync(Guid workflow, object input) =>
        (await PostAsync($"/api/v1/workflows/{workflow}/execute", new { input })).GetProperty("id").GetGuid();

    /// <summary>A client that acts as this user instead of by the key.</summary>
    public async Task<ApiClient> LoginAsync(string email, string password)
    {
        var session = await PostAsync("/api/v1/auth/login", new { email, password });
        return new ApiClient(_http.BaseAddress!.ToString(), session.GetProperty("accessToken").GetString()!);
    }

    public async Task<JsonElement> GetAsync(string path) => (await SendAsync(HttpMethod.Get, path)).Data;

    public async Task<JsonElement> PostAsync(string path, object body) => (await SendAsync(HttpMethod.Post, path, JsonSerializer.Serialize(body))).Data;

    /// <summary>Posts JSON and returns the answer as it comes.</summary>
    public async Task<string> SendTextAsync(string path, object body)
    {
        using var response = await _http.PostAsJsonAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? text : throw new InvalidOperationException($"POST {path} answered {(int)response.StatusCode}: {text}");
    }

    /// <summary>A client of the same platform with another credential.</summary>
    public ApiClient As(string credential) => new(_http.BaseAddress!.ToString(), credential);

    /// <summary>Changes what was just read.</summary>
    public async Task<JsonElement> ChangeAsync(string path, object body)
    {
        var current = await SendAsync(HttpMethod.Get, path);
        return (await SendAsync(HttpMethod.Patch, path, JsonSerializer.Serialize(body), ifMatch: current.ETag)).Data;
    }

    public async Task DeleteAsync(string path) => await SendAsync(HttpMethod.Delete, path, ifMatch: "*");

    /// <summary>Makes a call that must be refused with this code, and gives the text of the refusal.</summary>
    /// <exception cref="InvalidOperationException">It is done, or refused otherwise.</exception>
    public async Task<string> RefusedAsync(HttpMethod method, string path, object? body, string code)
    {
        try
        {
            await SendAsync(method, path, body is null ? null : JsonSerializer.Serialize(body), ifMatch: "*");
        }
        catch (InvalidOperationException exception) when (
            exception.Message.Contains($"\"{code}\"", StringComparison.Ordinal))
        {
            return exception.Message;
        }

        throw new InvalidOperationException($"{method} {path} was not refused with {code}.");
    }

    public Task PutAsync(string path) => SendAsync(HttpMethod.Put, path);

    public async Task<JsonElement> PutAsync(string path, object body) =>
        (await SendAsync(HttpMethod.Put, path, JsonSerializer.Serialize(body))).Data;

    /// <summary>Asks again until the answer is as wanted.</summary>
    /// <exception cref="InvalidOperationException">It is not so in time.</exception>
    public async Task<JsonElement> UntilAsync(string path, Func<JsonElement, bool> isWanted)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (true)
        {
            var answer = await GetAsync(path);
            if (isWanted(answer))
            {
                return answer;
            }

            if (timeout.IsCancellationRequested)
            {
                throw new InvalidOperationException($"{path} still answers {answer.GetRawText()}");
            }

            await Task.Delay(Poll, CancellationToken.None);
        }
    }

    /// <summary>Waits until the execution has this status.</summary>
    /// <exception cref="InvalidOperationException">It ended otherwise, or not in time.</exception>
    public async Task<JsonElement> WaitForAsync(Guid executionId, string status)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (true)
        {
            var execution = (await SendAsync(HttpMethod.Get, $"/api/v1/executions/{executionId}")).Data;
            var now = execution.GetProperty("status").GetString();
            if (now == status)
            {
                return execution;
            }

            if (now is "completed" or "failed" or "cancelled" or "timed_out" || timeout.IsCancellationRequested)
            {
                throw new InvalidOperationException($"Execution {executionId} is {now}, not {status}: {execution.GetProperty("error").GetRawText()}");
            }

            await Task.Delay(Poll, CancellationToken.None);
        }
    }

    /// <summary>Waits until an event of this type and subject is stored.</summary>
    public async Task ExpectEventAsync(string type, string subject)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while ((await SendAsync(HttpMethod.Get, $"/api/v1/events?type={type}&subject={Uri.EscapeDataString(subject)}")).Data.GetArrayLength() == 0)
        {
            if (timeout.IsCancellationRequested)
            {
                throw new InvalidOperationException($"No event {type} for {subject} was stored.");
            }

            await Task.Delay(Poll, CancellationToken.None);
        }
    }

    private async Task<(JsonElement Data, string? ETag)> SendAsync(
        HttpMethod method, string path, string? body = null, string contentType = "application/json", string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue(contentType) } };
        }

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{method} {path} answered {(int)response.StatusCode}: {text}");
        }

        return response.StatusCode == HttpStatusCode.NoContent
            ? (default, response.Headers.ETag?.ToString())
            : (JsonElement.Parse(text).GetProperty("data"), response.Headers.ETag?.ToString());
    }

    public void Dispose() => _http.Dispose();
}
