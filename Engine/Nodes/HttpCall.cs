using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Workflows.Engine.Nodes;

/// <summary>
/// The rendered parameters of an <c>http</c> node, as its runner reads them from <see cref="Executions.NodeRun.Parameters"/>.
/// </summary>
/// <param name="Connector">The connector whose base address and credentials the call has; null = none.</param>
/// <param name="Url">Absolute, http or https, with the query; not yet checked against the SSRF rules.</param>
/// <param name="Body">UTF-8 JSON; empty = no body.</param>
public sealed record HttpCall(
    string Method,
    string Url,
    IReadOnlyList<KeyValuePair<string, string>> Headers,
    ReadOnlyMemory<byte> Body,
    StatusSet SuccessStatus,
    StatusSet RetryStatus,
    HttpResponseHandling Response,
    int MaxResponseBytes,
    bool FollowRedirects,
    string? Connector = null)
{
    /// <summary>Reads what the engine has rendered.</summary>
    /// <exception cref="JsonException">The bytes are not rendered parameters of an http node.</exception>
    public static HttpCall Read(ReadOnlyMemory<byte> parameters)
    {
        var json = JsonText.ParseElement(parameters);
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var header in Member("headers").EnumerateObject())
        {
            headers.Add(new(header.Name, header.Value.GetString()!));
        }

        return new HttpCall(
            Text("method"),
            Text("url"),
            headers,
            json.TryGetProperty("body", out var body) ? JsonMarshal.GetRawUtf8Value(body).ToArray() : ReadOnlyMemory<byte>.Empty,
            Statuses("successStatus"),
            Statuses("retryStatus"),
            Enum.Parse<HttpResponseHandling>(Text("response"), ignoreCase: true),
            Member("maxResponseBytes").GetInt32(),
            Member("followRedirects").GetBoolean(),
            json.TryGetProperty("connector", out var connector) ? connector.GetString() : null);

        JsonElement Member(string name) =>
            json.TryGetProperty(name, out var member)
                ? member
                : throw new JsonException($"The rendered parameters lack '{name}'.");

        string Text(string name) => Member(name).GetString() ?? throw new JsonException($"'{name}' is null.");

        StatusSet Statuses(string name) =>
            StatusSet.TryParse(Text(name), out var set) ? set : throw new JsonException($"'{name}' is no list of statuses.");
    }
}

/// <summary>HTTP statuses as numbers, ranges and classes: <c>200-299,404,5xx</c>.</summary>
public readonly record struct StatusSet
{
    private readonly ImmutableArray<(int From, int To)> _ranges;

    private StatusSet(string text, ImmutableArray<(int From, int To)> ranges)
    {
        Text = text;
        _ranges = ranges;
    }

    public string Text { get; }

    public static bool TryParse(string text, out StatusSet set)
    {
        var ranges = ImmutableArray.CreateBuilder<(int From, int To)>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var dash = part.IndexOf('-', StringComparison.Ordinal);
            if (part is [>= '1' and <= '5' and var digit, 'x', 'x'])
            {
                ranges.Add(((digit - '0') * 100, ((digit - '0') * 100) + 99));
                continue;
            }

            if (!TryParseStatus(dash < 0 ? part : part[..dash], out var from)
                || !TryParseStatus(dash < 0 ? part : part[(dash + 1)..], out var to)
                || from > to)
            {
                set = default;
                return false;
            }

            ranges.Add((from, to));
        }

        set = new StatusSet(text, ranges.ToImmutable());
        return true;
    }

    public bool Contains(int status)
    {
        foreach (var (from, to) in _ranges)
        {
            if (status >= from && status <= to)
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryParseStatus(string text, out int status) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out status) && status is >= 100 and <= 599;
}
