using System.Globalization;
using System.Text.Json;
using Workflows.Engine.Events;

namespace Workflows.Data.Events;

/// <summary>An event that is committed, as routing sees it. Its text is made when something may match.</summary>
internal sealed class StoredEvent
{
    private readonly NewEvent? _event;
    private byte[]? _cloudEvent;

    /// <summary>One that was stored just now.</summary>
    public StoredEvent(Guid id, NewEvent @event) => (Id, Type, CorrelationKey, _event) = (id, @event.Type, @event.CorrelationKey, @event);

    /// <summary>One that was read.</summary>
    public StoredEvent(Guid id, string type, string? correlationKey, byte[] cloudEvent) =>
        (Id, Type, CorrelationKey, _cloudEvent) = (id, type, correlationKey, cloudEvent);

    public Guid Id { get; }

    public string Type { get; }

    public string? CorrelationKey { get; }

    /// <summary>When it was accepted.</summary>
    public DateTimeOffset AcceptedAt => JoinState.TimeOf(Id);

    /// <summary>The structured CloudEvent, as the database function <c>cloud_event</c> builds it.</summary>
    public byte[] CloudEvent => _cloudEvent ??= Write(_event!);

    private static byte[] Write(NewEvent @event)
    {
        using var buffer = new MemoryStream(512 + (@event.Data?.Length ?? 0));
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("specversion"u8, "1.0"u8);
            writer.WriteString("id"u8, @event.EventId);
            writer.WriteString("source"u8, @event.Source);
            writer.WriteString("type"u8, @event.Type);
            WriteOptional(writer, "subject", @event.Subject);
            WriteOptional(writer, "time", @event.Time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            WriteOptional(writer, "datacontenttype", @event.DataContentType);
            WriteOptional(writer, "dataschema", @event.DataSchema);
            if (@event.Extensions.Length > 2)
            {
                using var extensions = JsonDocument.Parse(@event.Extensions);
                foreach (var extension in extensions.RootElement.EnumerateObject())
                {
                    extension.WriteTo(writer);
                }
            }

            if (@event.Data is { } data)
            {
                writer.WritePropertyName("data"u8);
                writer.WriteRawValue(data, skipInputValidation: true);
            }

            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteOptional(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}
