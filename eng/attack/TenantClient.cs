using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Workflows.Attack;

/// <summary>A tenant's calls of the API, with its API key.</summary>
internal sealed class TenantClient : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(40);

    private readonly HttpClient _http;

    public TenantClient(Uri api, Guid id, string slug, string apiKey)
    {
        (Id, Slug) = (id, slug);
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 256, UseProxy = false })
        {
            BaseAddress = api,
            Timeout = Timeout,
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
    }

    public Guid Id { get; }

    public string Slug { get; }

    /// <summary>Creates and publishes a workflow.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="definition">Serialized as it is, but for <c>schema</c>, which is added.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RefusedException">The API does not take it.</exception>
    public async Task<Guid> PublishAsync(string name, object definition, CancellationToken cancellationToken)
    {
        var node = JsonSerializer.SerializeToNode(definition)!;
        node["schema"] = 1;
        var created = await PostAsync("/api/v1/workflows", new { name, definition = node }, cancellationToken);
        var id = created.GetProperty("id").GetGuid();
        await PostAsync($"/api/v1/workflows/{id}/publish", new { }, cancellationToken);
        return id;
    }

    /// <summary>Starts an execution.</summary>
    /// <returns>Its id.</returns>
    public async Task<Guid> StartAsync(Guid workflow, object input, CancellationToken cancellationToken) =>
        (await PostAsync($"/api/v1/workflows/{workflow}/execute", new { input }, cancellationToken))
            .GetProperty("id").GetGuid();

    /// <summary>Starts an execution and waits for its end.</summary>
    /// <returns>The execution as the API answers it, at the latest after 20 s.</returns>
    public Task<JsonElement> RunAsync(Guid workflow, object input, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Post, $"/api/v1/workflows/{workflow}/execute", new { input }, cancellationToken, "wait=20");

    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, cancellationToken);

    public Task<JsonElement> PostAsync(string path, object body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, body, cancellationToken);

    /// <summary>Cancels executions, which may have ended already.</summary>
    public async Task CancelAsync(IEnumerable<Guid> executions, CancellationToken cancellationToken)
    {
        foreach (var execution in executions)
        {
            try
            {
                await PostAsync($"/api/v1/executions/{execution}/cancel", new { }, cancellationToken);
            }
            catch (RefusedException)
            {
                // It has ended.
            }
        }
    }

    /// <returns>The member <c>data</c> of the answer.</returns>
    /// <exception cref="RefusedException">The answer is 4xx.</exception>
    /// <exception cref="AttackException">The answer is 5xx, or there is none.</exception>
    public async Task<JsonElement> SendAsync(
        HttpMethod method, string path, object? body, CancellationToken cancellationToken, string? prefer = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.TryAddWithoutValidation("If-Match", "*");
        if (prefer is not null)
        {
            request.Headers.TryAddWithoutValidation("Prefer", prefer);
        }

        if (body is not null)
        {
            request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        }

        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            return Read(method, path, (int)response.StatusCode, text);
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException
            && !cancellationToken.IsCancellationRequested)
        {
            throw new AttackException($"{method} {path} was not answered: {exception.Message}");
        }
    }

    public void Dispose() => _http.Dispose();

    private static JsonElement Read(HttpMethod method, string path, int status, string text)
    {
        switch (status)
        {
            case < 300:
                return text.Length == 0 ? default : JsonElement.Parse(text).GetProperty("data").Clone();
            case < 500:
                throw new RefusedException(status, CodeOf(text));
            default:
                throw new AttackException($"{method} {path} answered {status}: {text}");
        }
    }

    private static string CodeOf(string text)
    {
        try
        {
            var problem = JsonElement.Parse(text);
            return problem.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
                ? error.GetProperty("code").GetString()!
                : problem.TryGetProperty("code", out var code) ? code.GetString()! : text;
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
