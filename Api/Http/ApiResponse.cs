using System.Buffers;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;

namespace Workflows.Api.Http;

/// <summary>
/// What an endpoint answers: data in the envelope, or a <see cref="Http.Problem"/>. Implicit conversions let a handler return either.
/// </summary>
internal sealed class ApiResponse<T> : IResult, IEndpointMetadataProvider
{
    private ApiResponse()
    {
    }

    public T? Data { get; private init; }

    public Problem? Problem { get; private init; }

    public int Status { get; init; } = StatusCodes.Status200OK;

    /// <summary>The row's version, sent as ETag.</summary>
    public int? Version { get; init; }

    public string? Location { get; init; }

    public Pagination? Pagination { get; init; }

    public FieldSelection? Fields { get; init; }

    /// <summary>Data of a repeated request, as the first one answered it.</summary>
    public RawJson? Replayed { get; init; }

    /// <summary>What a repetition answers instead of <see cref="Data"/>, where the data must not be kept (a secret).</summary>
    public object? Repeatable { get; init; }

    public static implicit operator ApiResponse<T>(Problem problem) => new() { Problem = problem };

    public static implicit operator ApiResponse<T>(T data) => Ok(data);

    public static ApiResponse<T> Ok(T data, int? version = null) => new() { Data = data, Version = version };

    public static ApiResponse<T> Created(T data, string location, int? version = null, object? repeatable = null) => new()
    {
        Data = data,
        Status = StatusCodes.Status201Created,
        Location = location,
        Version = version,
        Repeatable = repeatable,
    };

    public static ApiResponse<T> Accepted(T data) => new() { Data = data, Status = StatusCodes.Status202Accepted };

    public static ApiResponse<T> Page(T data, Pagination pagination, FieldSelection? fields = null) =>
        new() { Data = data, Pagination = pagination, Fields = fields };

    public static ApiResponse<T> Repeat(int status, string? location, int? version, RawJson data) =>
        new() { Status = status, Location = location, Version = version, Replayed = data };

    /// <summary>What a request within a transaction answers, as it was.</summary>
    public static ApiResponse<RawJson> Of(CapturedAnswer answer) =>
        answer.Problem is { } problem ? problem : new ApiResponse<RawJson>
        {
            Status = answer.Status,
            Location = answer.Location,
            Version = answer.Version,
            Data = answer.Data,
            Pagination = answer.Pagination,
        };

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        var status = builder.Metadata.OfType<SuccessStatus>().LastOrDefault()?.Status ?? StatusCodes.Status200OK;
        builder.Metadata.Add(new ProducesResponseTypeMetadata(status, typeof(Envelope<T>), [Envelope.MediaType]));
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        if (Problem is not null)
        {
            await Problem.ExecuteAsync(httpContext);
            return;
        }

        if (Replay.Of(httpContext) is { } replay)
        {
            replay.Answer = Capture();
            return;
        }

        var response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = Envelope.MediaType;
        response.Headers.CacheControl = "no-store";
        if (Version is { } version)
        {
            response.Headers.ETag = ETags.Of(version);
        }

        if (Location is not null)
        {
            response.Headers.Location = Location;
        }

        if (Replayed is not null)
        {
            response.Headers["Idempotency-Replayed"] = "true";
        }

        using var writer = Envelope.Writer(response);
        writer.WriteStartObject();
        writer.WriteBoolean("success"u8, true);
        writer.WritePropertyName("data"u8);
        WriteData(writer);
        Envelope.WriteMeta(writer, httpContext, Pagination);
        writer.WriteEndObject();
        writer.Flush();
        response.ContentLength = response.BodyWriter.UnflushedBytes; // short ones are not compressed
        await response.BodyWriter.FlushAsync(httpContext.RequestAborted);
    }

    private CapturedAnswer Capture()
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json, Envelope.WriterOptions))
        {
            WriteData(writer);
        }

        return new CapturedAnswer(
            Status, Location, Version, new RawJson(Encoding.UTF8.GetString(json.WrittenSpan)), Pagination, null);
    }

    private void WriteData(Utf8JsonWriter writer)
    {
        if (Replayed is { } replayed)
        {
            JsonSerializer.Serialize(writer, replayed, Envelope.Json);
        }
        else if (Fields is not null)
        {
            Fields.Write(writer, JsonSerializer.SerializeToElement(Data, Envelope.Json));
        }
        else
        {
            JsonSerializer.Serialize(writer, Data, Envelope.Json);
        }
    }
}

/// <summary>The status of success where it is not 200; for the OpenAPI document.</summary>
internal sealed record SuccessStatus(int Status);

/// <summary>Nothing to say beyond success.</summary>
internal sealed record Done(Guid Id, string Status);
