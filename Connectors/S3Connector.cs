using System.Net;
using System.Net.Http.Headers;
using System.Xml;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Workflows.Connectors.Network;
using Workflows.Engine.Connectors;
using Workflows.Engine.Executions;

namespace Workflows.Connectors;

/// <summary>A file in a store.</summary>
public sealed record StoredFile(string Path, long Size, DateTimeOffset? ModifiedAt);

/// <summary>
/// Objects of S3-compatible stores, the bucket in the path, through the same guard as any call. Guarantees: no key
/// outside the connector's prefix is read or written; only the connector's keys sign, whatever the environment, a
/// profile or a machine's metadata offers; an operation is one request, for retries are the engine's.
/// </summary>
public sealed class S3Connector(HttpClients clients, TimeProvider clock)
{
    private const string DefaultRegion = "us-east-1";
    private const int TextLength = 500;

    /// <returns>The content; null when there is no such object.</returns>
    /// <exception cref="ConnectorException">It cannot be read, or is larger than <paramref
    /// name="maxBytes"/>.</exception>
    public async Task<byte[]?> ReadAsync(
        OpenConnector connector, string path, int maxBytes, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest { BucketName = connector["bucket"], Key = KeyOf(connector, path) };
        return await AskAsync<byte[]?>(
            connector,
            async client =>
            {
                try
                {
                    using var response = await client.GetObjectAsync(request, cancellationToken);
                    return await ContentAsync(connector, response, maxBytes, cancellationToken);
                }
                catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.NotFound)
                {
                    return null;
                }
            },
            cancellationToken);
    }

    /// <summary>Stores an object, whole or not at all.</summary>
    /// <exception cref="ConnectorException">It cannot be stored, or <paramref name="contentType"/> is none.</exception>
    public async Task WriteAsync(
        OpenConnector connector, string path, byte[] content, string contentType, CancellationToken cancellationToken)
    {
        var request = new PutObjectRequest
        {
            BucketName = connector["bucket"],
            Key = KeyOf(connector, path),
            // In the form in which it is sent: the signature covers it.
            ContentType = HeaderText.FindValueProblem("contentType", contentType) is null
                && MediaTypeHeaderValue.TryParse(contentType, out var type)
                ? type.ToString()
                : throw new ConnectorException(StepErrorCodes.ParameterInvalid, "'contentType' is no content type."),
            InputStream = new MemoryStream(content, writable: false),
            UseChunkEncoding = false, // stores other than Amazon's may not know it; the content is hashed as one
        };
        await AskAsync(connector, client => client.PutObjectAsync(request, cancellationToken), cancellationToken);
    }

    /// <summary>Removes the object. S3 does not say whether there was one.</summary>
    /// <exception cref="ConnectorException">It cannot be removed.</exception>
    public async Task DeleteAsync(OpenConnector connector, string path, CancellationToken cancellationToken)
    {
        var request = new DeleteObjectRequest { BucketName = connector["bucket"], Key = KeyOf(connector, path) };
        await AskAsync<DeleteObjectResponse?>(
            connector,
            async client =>
            {
                try
                {
                    return await client.DeleteObjectAsync(request, cancellationToken);
                }
                catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.NotFound)
                {
                    return null;
                }
            },
            cancellationToken);
    }

    /// <summary>Objects whose path begins so, in order, at most <paramref name="count"/>.</summary>
    /// <exception cref="ConnectorException">They cannot be listed, or the list is not that of S3.</exception>
    public async Task<(IReadOnlyList<StoredFile> Files, bool IsTruncated)> ListAsync(
        OpenConnector connector, string path, int count, CancellationToken cancellationToken)
    {
        var prefix = PrefixOf(connector);
        var request = new ListObjectsV2Request
        {
            BucketName = connector["bucket"],
            MaxKeys = count,
            Prefix = prefix + path,
        };
        var list = await AskAsync(
            connector,
            async client =>
            {
                try
                {
                    return await client.ListObjectsV2Async(request, cancellationToken);
                }
                catch (Exception exception) when (exception is XmlException or FormatException
                    or AmazonUnmarshallingException { StatusCode: HttpStatusCode.OK })
                {
                    throw NoList();
                }
            },
            cancellationToken);
        var files = (list.S3Objects ?? []).Select(item => ToFile(item, prefix)).ToList();
        return (files, list.IsTruncated ?? throw NoList());
    }

    private static StoredFile ToFile(S3Object item, string prefix) =>
        item is { Key: { } key, Size: { } size } && key.StartsWith(prefix, StringComparison.Ordinal)
            ? new StoredFile(
                key[prefix.Length..],
                size,
                item.LastModified is { } at ? new DateTimeOffset(at.ToUniversalTime()) : null)
            : throw NoList();

    private static ConnectorException NoList() => new("FILE_LIST", "The store's list is not that of S3.");

    private async Task<T> AskAsync<T>(
        OpenConnector connector, Func<AmazonS3Client, Task<T>> ask, CancellationToken cancellationToken)
    {
        // Signatures go by the database's time, like everything here; a machine's own may be wrong. There is one
        // clock in a process.
        AWSConfigs.ManualClockCorrection = clock.GetUtcNow() - TimeProvider.System.GetUtcNow();
        using var guarded = await clients.ForAsync(connector.TenantId, cancellationToken);
        using var handler = new GuardedStoreHandler(guarded);
        using var http = new HttpClient(handler, disposeHandler: false)
        {
            Timeout = Timeout.InfiniteTimeSpan, // the caller's token ends it
        };
        var credentials = new BasicAWSCredentials(connector["accessKeyId"]!, connector["secretAccessKey"]!);
        using var client = new AmazonS3Client(credentials, ConfigurationOf(connector, http));
        try
        {
            return await ask(client);
        }
        catch (AmazonServiceException exception) when (exception.StatusCode != 0)
        {
            var status = (int)exception.StatusCode;
            var told = Text($"{exception.ErrorCode} {exception.Message}");
            throw new ConnectorException(
                $"FILE_{status}", $"The store answered {status}: {told}", isTransient: status is >= 500 or 429);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw new ConnectorException("FILE_CONNECTION", exception.Message, isTransient: true);
        }
        catch (AmazonClientException exception)
        {
            throw new ConnectorException("FILE_REQUEST", $"The store cannot be asked: {Text(exception.Message)}");
        }
    }

    // All that the SDK would otherwise look up in the environment, in profiles or at a metadata address is said here.
    private static AmazonS3Config ConfigurationOf(OpenConnector connector, HttpClient http) => new()
    {
        ServiceURL = connector["endpoint"],
        AuthenticationRegion = connector["region"] ?? DefaultRegion,
        ForcePathStyle = true,
        IgnoreConfiguredEndpointUrls = true,
        DefaultConfigurationMode = DefaultConfigurationMode.Standard,
        UseDualstackEndpoint = false,
        UseFIPSEndpoint = false,
        UseArnRegion = false,
        DisableMultiregionAccessPoints = true,
        DisableS3ExpressSessionAuth = true, // it would ask for a session first
        // Stores other than Amazon's may not know checksums.
        RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
        ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        RetryMode = RequestRetryMode.Standard,
        MaxErrorRetry = 0,
        MaxStaleConnectionRetries = 0,
        DisableClockSkewCorrection = true,
        HttpClientFactory = new GivenHttpClient(http),
    };

    private async Task<byte[]> ContentAsync(
        OpenConnector connector, GetObjectResponse response, int maxBytes, CancellationToken cancellationToken)
    {
        using var content = await ResponseBody.ReadAsync(
            response.ResponseStream,
            maxBytes,
            response.ContentLength,
            clients.Budget,
            connector.TenantId,
            cancellationToken);
        return content.IsCut
            ? throw new ConnectorException("FILE_TOO_LARGE", $"The file is larger than {maxBytes} bytes.")
            : content.Bytes.ToArray();
    }

    private static string KeyOf(OpenConnector connector, string path) => PrefixOf(connector) + FilePaths.Checked(path);

    private static string PrefixOf(OpenConnector connector) =>
        connector["prefix"] is { } prefix ? prefix.Trim('/') + "/" : "";

    private static string Text(string text) => text[..Math.Min(text.Length, TextLength)].Replace('\0', '\uFFFD');

    private sealed class GivenHttpClient(HttpClient http) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => http;

        // The SDK's cache would be shared by tenants.
        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}
