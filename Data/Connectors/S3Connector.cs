using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Workflows.Data.Network;

namespace Workflows.Data.Connectors;

/// <summary>A file in a store.</summary>
public sealed record StoredFile(string Path, long Size, DateTimeOffset? ModifiedAt);

/// <summary>
/// Objects of S3-compatible stores: AWS Signature Version 4 with the bucket in the path, through the same guard as any call. Guarantees: no key outside the
/// connector's prefix is read or written.
/// </summary>
public sealed class S3Connector(HttpClients clients, TimeProvider clock)
{
    private const int ErrorBytes = 4_096;
    private const int ListAnswerBytes = 4 * 1024 * 1024;

    /// <returns>The content; null when there is no such object.</returns>
    /// <exception cref="ConnectorException">It cannot be read, or is larger than <paramref name="maxBytes"/>.</exception>
    public async Task<byte[]?> ReadAsync(OpenConnector connector, string path, int maxBytes, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(connector, HttpMethod.Get, KeyOf(connector, path), "", null, null, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        await CheckAsync(response, cancellationToken);
        return await BodyAsync(response, maxBytes, cancellationToken)
            ?? throw new ConnectorException("FILE_TOO_LARGE", $"The file is larger than {maxBytes} bytes.");
    }

    public async Task WriteAsync(OpenConnector connector, string path, byte[] content, string contentType, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(connector, HttpMethod.Put, KeyOf(connector, path), "", content, contentType, cancellationToken);
        await CheckAsync(response, cancellationToken);
    }

    /// <summary>Removes the object. S3 does not say whether there was one.</summary>
    public async Task DeleteAsync(OpenConnector connector, string path, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(connector, HttpMethod.Delete, KeyOf(connector, path), "", null, null, cancellationToken);
        if (response.StatusCode != HttpStatusCode.NotFound)
        {
            await CheckAsync(response, cancellationToken);
        }
    }

    /// <summary>Objects whose path begins so, in order, at most <paramref name="count"/>.</summary>
    public async Task<(IReadOnlyList<StoredFile> Files, bool IsTruncated)> ListAsync(
        OpenConnector connector, string path, int count, CancellationToken cancellationToken)
    {
        var prefix = PrefixOf(connector);
        var query = $"list-type=2&max-keys={count.ToString(CultureInfo.InvariantCulture)}&prefix={Uri.EscapeDataString(prefix + path)}";
        using var response = await SendAsync(connector, HttpMethod.Get, "", query, null, null, cancellationToken);
        await CheckAsync(response, cancellationToken);
        var body = await BodyAsync(response, ListAnswerBytes, cancellationToken) ?? throw new ConnectorException("FILE_LIST", "The list is too long.");
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(body), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            var root = XDocument.Load(reader).Root!;
            var space = root.Name.Namespace;
            var files = root.Elements(space + "Contents").Select(item => new StoredFile(
                Value(item, space + "Key")[prefix.Length..],
                long.Parse(Value(item, space + "Size"), CultureInfo.InvariantCulture),
                DateTimeOffset.TryParse(item.Element(space + "LastModified")?.Value, CultureInfo.InvariantCulture, out var at) ? at : null)).ToList();
            return (files, root.Element(space + "IsTruncated")?.Value == "true");
        }
        catch (Exception exception) when (exception is XmlException or FormatException or ArgumentOutOfRangeException)
        {
            throw new ConnectorException("FILE_LIST", "The store's list is not that of S3.");
        }
    }

    private static string Value(XElement item, XName name) => item.Element(name)?.Value ?? throw new FormatException($"{name} is missing.");

    private async Task<HttpResponseMessage> SendAsync(
        OpenConnector connector, HttpMethod method, string key, string query, byte[]? content, string? contentType, CancellationToken cancellationToken)
    {
        var endpoint = connector["endpoint"]!.TrimEnd('/');
        var path = $"/{Uri.EscapeDataString(connector["bucket"]!)}{(key.Length == 0 ? "" : "/" + string.Join('/', key.Split('/').Select(Uri.EscapeDataString)))}";
        var address = new Uri($"{endpoint}{path}{(query.Length == 0 ? "" : "?" + query)}");
        using var request = new HttpRequestMessage(method, address);
        if (content is not null)
        {
            request.Content = new ByteArrayContent(content);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        Sign(request, connector, content ?? [], query);
        try
        {
            using var client = await clients.ForAsync(connector.TenantId, cancellationToken);
            return await client.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException exception)
        {
            throw exception.InnerException is TargetRefusedException refused
                ? new ConnectorException("FILE_TARGET_REFUSED", refused.Message)
                : new ConnectorException("FILE_CONNECTION", exception.Message, isTransient: true);
        }
    }

    private void Sign(HttpRequestMessage request, OpenConnector connector, byte[] content, string query)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var (time, day) = (now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture), now.ToString("yyyyMMdd", CultureInfo.InvariantCulture));
        var region = connector["region"] ?? "us-east-1";
        var host = request.RequestUri!.IsDefaultPort ? request.RequestUri.IdnHost : $"{request.RequestUri.IdnHost}:{request.RequestUri.Port}";
        var bodyHash = Convert.ToHexStringLower(SHA256.HashData(content));
        var canonical = string.Join(
            '\n',
            request.Method.Method,
            request.RequestUri.AbsolutePath,
            string.Join('&', query.Split('&', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)),
            $"host:{host}\nx-amz-content-sha256:{bodyHash}\nx-amz-date:{time}\n",
            "host;x-amz-content-sha256;x-amz-date",
            bodyHash);
        var scope = $"{day}/{region}/s3/aws4_request";
        var text = $"AWS4-HMAC-SHA256\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = Encoding.UTF8.GetBytes($"AWS4{connector["secretAccessKey"]}");
        foreach (var part in new[] { day, region, "s3", "aws4_request" })
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
        request.Headers.Host = host;
        request.Headers.TryAddWithoutValidation("x-amz-content-sha256", bodyHash);
        request.Headers.TryAddWithoutValidation("x-amz-date", time);
        request.Headers.TryAddWithoutValidation(
            "Authorization",
            $"AWS4-HMAC-SHA256 Credential={connector["accessKeyId"]}/{scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}");
    }

    private static string KeyOf(OpenConnector connector, string path) => PrefixOf(connector) + FilePaths.Checked(path);

    private static string PrefixOf(OpenConnector connector) => connector["prefix"] is { } prefix ? prefix.Trim('/') + "/" : "";

    private static async Task CheckAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
        {
            var status = (int)response.StatusCode;
            var body = Encoding.UTF8.GetString(await BodyAsync(response, ErrorBytes, cancellationToken) ?? []).Replace('\0', '\uFFFD');
            throw new ConnectorException($"FILE_{status}", $"The store answered {status}: {body[..Math.Min(body.Length, 500)]}", isTransient: status is >= 500 or 429);
        }
    }

    private static async Task<byte[]?> BodyAsync(HttpResponseMessage response, int maxBytes, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            body.Write(buffer, 0, read);
            if (body.Length > maxBytes)
            {
                return null;
            }
        }

        return body.ToArray();
    }
}
