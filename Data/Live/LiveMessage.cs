using System.Text.Json;

namespace Workflows.Data.Live;

/// <summary>Something that happened, for who looks on at this moment. A hint: the rows say what is so.</summary>
/// <param name="Topic">Of <see cref="LiveTopics"/>.</param>
/// <param name="Json">The message without its id: an object with topic, type, at, data.</param>
public sealed record LiveMessage(string Topic, ReadOnlyMemory<byte> Json)
{
    /// <summary>Composes one.</summary>
    /// <param name="topic">Of <see cref="LiveTopics"/>.</param>
    /// <param name="type">What happened, as <c>step.completed</c>.</param>
    /// <param name="at">When, by the database's time.</param>
    /// <param name="data">Writes the members of <c>data</c>: ids and small fields, never what people stored.</param>
    public static LiveMessage Of(string topic, string type, DateTimeOffset at, Action<Utf8JsonWriter> data)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("topic"u8, topic);
            writer.WriteString("type"u8, type);
            writer.WriteString("at"u8, at);
            writer.WriteStartObject("data"u8);
            data(writer);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return new LiveMessage(topic, stream.ToArray());
    }
}

/// <summary>What can be looked on at.</summary>
public static class LiveTopics
{
    /// <summary>Status of all executions of the tenant.</summary>
    public const string Executions = "executions";

    /// <summary>Who does what in the tenant.</summary>
    public const string Activity = "activity";

    /// <summary>What the user is told.</summary>
    public const string User = "user";

    /// <summary>What everybody is told, of the tenant or of the platform.</summary>
    public const string System = "system";

    public const string ExecutionPrefix = "execution:";

    public const string WorkflowPrefix = "workflow:";

    public const string CollaborationPrefix = "collaboration:";

    public static string Execution(Guid id) => $"{ExecutionPrefix}{id}";

    public static string Workflow(Guid id) => $"{WorkflowPrefix}{id}";

    public static string Collaboration(Guid workflowId) => $"{CollaborationPrefix}{workflowId}";

    /// <summary>Executions have a stream of their own, so that they push nothing else out.</summary>
    public static bool IsOfExecutions(string topic) =>
        topic.StartsWith("execution", StringComparison.Ordinal);
}

/// <summary>One of the two streams of a tenant: its key in Redis, and the channel of what is added.</summary>
public readonly record struct LiveChannel(Guid TenantId, bool OfExecutions)
{
    public string Key => $"wf:{{{TenantId:N}}}:live:{(OfExecutions ? "executions" : "rest")}";

    public static LiveChannel Of(Guid tenantId, string topic) => new(tenantId, LiveTopics.IsOfExecutions(topic));
}

/// <summary>A message with its place in the stream.</summary>
/// <param name="Id">Of the stream, in the order of being added.</param>
public sealed record LiveEntry(LiveId Id, string Topic, ReadOnlyMemory<byte> Json);

/// <summary>Place of a message in its stream: milliseconds and a number within them, as Redis counts.</summary>
public readonly record struct LiveId(long Milliseconds, long Number) : IComparable<LiveId>
{
    public static LiveId None => default;

    /// <returns>False when the text names no place.</returns>
    public static bool TryParse(string? text, out LiveId id)
    {
        var dash = text?.IndexOf('-', StringComparison.Ordinal) ?? -1;
        id = default;
        if (dash <= 0
            || !long.TryParse(text.AsSpan(0, dash), out var milliseconds)
            || !long.TryParse(text.AsSpan(dash + 1), out var number)
            || milliseconds < 0
            || number < 0)
        {
            return false;
        }

        id = new LiveId(milliseconds, number);
        return true;
    }

    public int CompareTo(LiveId other) =>
        Milliseconds != other.Milliseconds
            ? Milliseconds.CompareTo(other.Milliseconds)
            : Number.CompareTo(other.Number);

    public static bool operator <(LiveId left, LiveId right) => left.CompareTo(right) < 0;

    public static bool operator >(LiveId left, LiveId right) => left.CompareTo(right) > 0;

    public static bool operator <=(LiveId left, LiveId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(LiveId left, LiveId right) => left.CompareTo(right) >= 0;

    public override string ToString() => $"{Milliseconds}-{Number}";
}
