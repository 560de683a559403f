using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Workflows.Load;

/// <summary>One tenant's calls of the API, with its API key.</summary>
internal sealed class Tenant : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;

    /// <param name="api">Where the API is.</param>
    /// <param name="key">The tenant's API key.</param>
    public Tenant(Uri api, string key)
    {
        var handler = new SocketsHttpHandler { MaxConnectionsPerServer = 100, UseProxy = false };
        _http = new HttpClient(handler) { BaseAddress = api, Timeout = Timeout };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Creates and publishes a workflow, however often it takes.</summary>
    /// <returns>Its id.</returns>
    public async Task<Guid> PublishAsync(string name, string definition)
    {
        var body = $$"""{"name": "{{name}}", "definition": {{definition}}}""";
        var created = await PostAsync("/api/v1/workflows", body);
        var id = created.GetProperty("id").GetGuid();
        await PostAsync($"/api/v1/workflows/{id}/publish", "{}");
        return id;
    }

    /// <summary>
    /// Posts as a careful client does: again under the same idempotency key until it is answered for good, whatever
    /// happens to connections and servers meanwhile.
    /// </summary>
    /// <param name="path">Of the API.</param>
    /// <param name="body">JSON, or the event of another <paramref name="type"/>.</param>
    /// <param name="type">The content type.</param>
    /// <param name="prefer">As <c>wait=20</c>, to be answered once the execution has ended.</param>
    /// <returns>The member <c>data</c> of the answer.</returns>
    /// <exception cref="InvalidOperationException">It was refused: 4xx other than 408 and 429.</exception>
    public async Task<JsonElement> PostAsync(
        string path, string body, string type = "application/json", string? prefer = null)
    {
        var key = Guid.CreateVersion7().ToString();
        while (true)
        {
            if (await TryPostAsync(path, body, type, key, prefer) is { } data)
            {
                return data;
            }

            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonElement?> TryPostAsync(string path, string body, string type, string key, string? prefer)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type)),
            };
            request.Headers.Add("Idempotency-Key", key);
            request.Headers.TryAddWithoutValidation("If-Match", "*");
            if (prefer is not null)
            {
                request.Headers.TryAddWithoutValidation("Prefer", prefer);
            }

            using var response = await _http.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            return (int)response.StatusCode switch
            {
                < 300 => text.Length == 0 ? default(JsonElement) : JsonElement.Parse(text).GetProperty("data"),
                408 or 429 or >= 500 => null,
                var status => throw new InvalidOperationException($"{status} from {path}: {text}"),
            };
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or TaskCanceledException)
        {
            return null; // Whether it was accepted is unknown; the key makes asking again safe.
        }
    }
}
