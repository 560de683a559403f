using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Workflows.Api.Tests.Host;

/// <summary>An answer with its JSON at hand.</summary>
public sealed record Answer(HttpStatusCode Status, JsonElement Json, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders, string Text)
{
    public JsonElement Data => Json.GetProperty("data");

    public JsonElement Pagination => Json.GetProperty("meta").GetProperty("pagination");

    public string? ErrorCode => Json.ValueKind == JsonValueKind.Object && Json.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString() : null;

    public Guid Id => Data.GetProperty("id").GetGuid();

    public string ETag => Headers.ETag!.Tag;

    /// <summary>The answer, which must be a success.</summary>
    public Answer Ok(HttpStatusCode expected = HttpStatusCode.OK)
    {
        Assert.True(Status == expected, $"{(int)Status} instead of {(int)expected}: {Text}");
        return this;
    }

    /// <summary>The answer, which must be this failure.</summary>
    public Answer Fails(HttpStatusCode status, string code)
    {
        Assert.True(Status == status && ErrorCode == code, $"{(int)Status} {ErrorCode} instead of {(int)status} {code}: {Text}");
        return this;
    }
}

/// <summary>Calls the API as its clients do.</summary>
/// <param name="from">The local address to call from; null = the usual one.</param>
public sealed class ApiClient(Uri baseAddress, string? credential, IPAddress? from = null) : IDisposable
{
    private readonly HttpClient _http =
        new(Handler(from)) { BaseAddress = baseAddress, Timeout = TimeSpan.FromSeconds(60) };

    public HttpClient Http => _http;

    public Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, null, headers);

    public Task<Answer> PostAsync(string path, object? body = null, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, Json(body), headers);

    public Task<Answer> PatchAsync(string path, string etag, object body) => SendAsync(HttpMethod.Patch, path, Json(body), ("If-Match", etag));

    public Task<Answer> DeleteAsync(string path, string? etag = null) =>
        etag is null ? SendAsync(HttpMethod.Delete, path, null) : SendAsync(HttpMethod.Delete, path, null, ("If-Match", etag));

    public async Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path.StartsWith('/') ? path : $"/api/v1/{path}") { Content = content };
        if (credential is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", credential);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
        return new Answer(
            response.StatusCode, isJson ? JsonSerializer.Deserialize<JsonElement>(text) : default, response.Headers, response.Content.Headers, text);
    }

    /// <summary>A file, which must be there.</summary>
    public async Task<byte[]> DownloadAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", credential);
        using var response = await _http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsByteArrayAsync();
    }

    public static HttpContent? Json(object? body) => body switch
    {
        null => null,
        HttpContent content => content,
        string text => new StringContent(text, Encoding.UTF8, "application/json"),
        _ => new StringContent(JsonSerializer.Serialize(body, JsonSerializerOptions.Web), Encoding.UTF8, "application/json"),
    };

    private static SocketsHttpHandler Handler(IPAddress? from) =>
        from is null ? new SocketsHttpHandler() : new SocketsHttpHandler
        {
            ConnectCallback = async (context, token) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    socket.Bind(new IPEndPoint(from, 0));
                    await socket.ConnectAsync(context.DnsEndPoint, token);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };

    public void Dispose() => _http.Dispose();
}
