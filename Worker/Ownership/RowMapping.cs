using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Workflows.Engine;
using Workflows.Data.Executions;
using Workflows.Engine.Events;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Ownership;

/// <summary>Between the engine's records and the rows of the database.</summary>
internal static class RowMapping
{
    public static StepRow ToRow(this StepRecord step, ExecutionKey key) => new()
    {
        Key = key,
        NodeId = step.NodeId,
        Iteration = step.Iteration,
        Attempt = step.Attempt,
        Run = step.Run,
        Sequence = step.Sequence,
        NodeType = step.Type,
        Status = step.Status.ToText(),
        Port = step.Port,
        Output = step.Output.ToRowBytes(),
        Error = step.Error is null ? null : ErrorJson(step.Error),
        StartedAt = step.StartedAt,
        FinishedAt = step.FinishedAt,
        RowsProcessed = step.RowsProcessed,
    };

    /// <exception cref="InvalidOperationException">The row has a status that this build does not know.</exception>
    public static RecordedStep ToRecorded(this StepRow row) => new(
        row.NodeId,
        row.Iteration,
        row.Attempt,
        StepStatuses.TryParse(row.Status, out var status) ? status
            : throw new InvalidOperationException($"Unknown step status {row.Status}."),
        row.Port,
        row.Output,
        row.Error is null ? null : ParseError(row.Error),
        row.FinishedAt,
        row.Sequence,
        row.Run);

    public static WaitRow ToRow(this WaitSpec wait, ExecutionKey key, DateTimeOffset now) => new()
    {
        Key = key,
        NodeId = wait.NodeId,
        Iteration = wait.Iteration,
        Attempt = wait.Attempt,
        Kind = wait.Kind.ToText(),
        EventType = wait.EventType,
        CorrelationKey = wait.CorrelationKey,
        DueAt = wait.DueAt,
        Request = wait.Request.ToRowBytes(),
        CreatedAt = now,
    };

    /// <summary>The execution that a wait of the kind child starts, from what the node asked for.</summary>
    public static ChildStart ToChild(
        this WaitSpec wait, ExecutionKey key, ExecutionState parent, DateTimeOffset now)
    {
        using var document = JsonText.Parse(wait.Request);
        var request = document.RootElement;
        var workflow = request.GetProperty("workflow").GetString()!;
        var mode = request.GetProperty("mode").GetString()!;
        var root = parent.Facts.RootId ?? key.Id;
        var maxDescendants = parent.Facts.MaxDescendants
            ?? parent.Workflow.Settings.MaxDescendants ?? Workflows.Engine.Limits.DescendantsByDefault;
        return new ChildStart(
            new WaitKey(key, wait.NodeId, wait.Iteration, wait.Attempt),
            Guid.CreateVersion7(now),
            Guid.TryParseExact(workflow, "D", out var id) ? id : null,
            workflow,
            request.TryGetProperty("version", out var version) ? version.GetInt32() : null,
            JsonText.BytesOf(request.GetProperty("input")),
            Write(writer =>
            {
                writer.WriteString("type", "sub_workflow");
                writer.WriteString("id", wait.NodeId);
                writer.WriteString("executionId", key.Id);
                writer.WriteString("mode", mode);
                writer.WriteNumber("depth", request.GetProperty("depth").GetInt32());
                writer.WriteString("root", root);
                writer.WriteNumber("maxDescendants", maxDescendants);
                if (request.TryGetProperty(EventHops.Attribute, out var hops))
                {
                    writer.WriteNumber(EventHops.Attribute, hops.GetInt32());
                }
            }),
            IsAwaited: mode == "wait")
        {
            RootId = root,
            MaxDescendants = maxDescendants,
        };
    }

    /// <exception cref="InvalidOperationException">The row has a kind or outcome that this build does not
    /// know.</exception>
    public static RecordedWait ToRecorded(this WaitRow row) => new(
        row.NodeId,
        row.Iteration,
        row.Attempt,
        WaitKinds.TryParse(row.Kind, out var kind) ? kind
            : throw new InvalidOperationException($"Unknown kind of wait {row.Kind}."),
        row.DueAt,
        row.Outcome is null ? null : OutcomeOf(row.Outcome),
        row.Payload,
        row.CreatedAt);

    /// <exception cref="InvalidOperationException">The row has an outcome that this build does not know.</exception>
    public static WaitOutcome OutcomeOf(string outcome) => outcome switch
    {
        "due" => WaitOutcome.Due,
        "event" => WaitOutcome.Event,
        "timeout" => WaitOutcome.Timeout,
        "answered" => WaitOutcome.Answered,
        _ => throw new InvalidOperationException($"Unknown outcome of a wait {outcome}."),
    };

    /// <summary>The array behind the memory where it is one, as the driver wants it; null for nothing.</summary>
    public static byte[]? ToRowBytes(this ReadOnlyMemory<byte> utf8) =>
        utf8.IsEmpty ? null
        : MemoryMarshal.TryGetArray(utf8, out var segment) && segment.Offset == 0
            && segment.Count == segment.Array!.Length ? segment.Array
        : utf8.ToArray();

    public static byte[] ErrorJson(StepError error) => Write(writer =>
    {
        writer.WriteString("code", error.Code);
        writer.WriteString("message", Storable(error.Message));
        writer.WriteString("kind", JsonNamingPolicy.CamelCase.ConvertName(error.Kind.ToString()));
        if (error.RetryAfter is { } retryAfter)
        {
            writer.WriteNumber("retryAfterSeconds", retryAfter.TotalSeconds);
        }

        if (error.Cause is { } cause)
        {
            writer.WriteStartObject("cause");
            writer.WriteString("code", cause.Code);
            writer.WriteString("message", Storable(cause.Message));
            writer.WriteEndObject();
        }
    });

    public static byte[] ErrorJson(ExecutionError error) => Write(writer =>
    {
        writer.WriteString("code", error.Code);
        writer.WriteString("message", Storable(error.Message));
        writer.WriteString("node", error.NodeId);
        writer.WriteString("kind", error.Kind.ToText());
        if (error.Compensation is { } tally)
        {
            writer.WriteStartObject("compensation");
            writer.WriteNumber("completed", tally.Completed);
            writer.WriteNumber("failed", tally.Failed);
            writer.WriteEndObject();
        }
    });

    /// <summary>The code of an error as <see cref="ErrorJson(StepError)"/> wrote it.</summary>
    public static string CodeOf(byte[]? error) => error is null ? "an error" : ParseError(error).Code;

    // PostgreSQL's jsonb cannot hold U+0000, and an execution that cannot even fail would never end.
    private static string Storable(string text) => text.Replace('\0', '\uFFFD');

    private static StepError ParseError(byte[] json)
    {
        using var document = JsonText.Parse(json);
        var root = document.RootElement;
        return new StepError(
            root.GetProperty("code").GetString()!,
            root.GetProperty("message").GetString()!,
            root.TryGetProperty("kind", out var kind)
                ? Enum.Parse<StepErrorKind>(kind.GetString()!, ignoreCase: true) : StepErrorKind.Permanent,
            root.TryGetProperty("retryAfterSeconds", out var seconds)
                ? TimeSpan.FromSeconds(seconds.GetDouble()) : null)
        {
            Cause = root.TryGetProperty("cause", out var cause)
                ? new ErrorCause(cause.GetProperty("code").GetString()!, cause.GetProperty("message").GetString()!)
                : null,
        };
    }

    /// <summary>The row of an emitted event, its parts taken from the structured CloudEvent.</summary>
    public static EmittedEvent ToRow(this PublishEvent published, Guid tenantId, DateTimeOffset now)
    {
        using var document = JsonText.Parse(published.Event);
        byte[]? data = null;
        var extensions = Write(writer =>
        {
            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (member.NameEquals("data"))
                {
                    data = JsonText.BytesOf(member.Value);
                }
                else if (member.Name is not ("specversion" or "id" or "source" or "type" or "subject" or "time"
                    or "datacontenttype" or "dataschema"))
                {
                    member.WriteTo(writer);
                }
            }
        });
        return new EmittedEvent
        {
            TenantId = tenantId,
            Id = Guid.CreateVersion7(now),
            EventId = published.Id,
            Source = published.Source,
            Type = published.Type,
            Subject = published.Subject,
            Time = now,
            Data = data,
            Extensions = extensions,
        };
    }

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
