using System.Text;
using System.Text.Json;
using Workflows.Data.Live;

namespace Workflows.Api.Live;

/// <summary>What a client gets in one piece: UTF-8 JSON, shared by all who get it.</summary>
/// <param name="Id">Of a message of a stream, to go on from after a reconnect.</param>
internal sealed record LiveFrame(string? Id, ReadOnlyMemory<byte> Json)
{
    /// <summary>A message of a stream, with its id.</summary>
    public static LiveFrame Of(LiveEntry entry)
    {
        var id = entry.Id.ToString();
        return new LiveFrame(id, WithId(id, entry.Json));
    }

    /// <summary>A message that is in no stream.</summary>
    public static LiveFrame Of(string id, LiveMessage message) => new(id, WithId(id, message.Json));

    /// <summary>What the connection itself has to say.</summary>
    /// <param name="op">As <c>subscribed</c>.</param>
    /// <param name="fields">Members beside it; null leaves them out.</param>
    public static LiveFrame Control(string op, params (string Name, object? Value)[] fields)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("op"u8, op);
            foreach (var (name, value) in fields)
            {
                switch (value)
                {
                    case string text:
                        writer.WriteString(name, text);
                        break;
                    case bool flag:
                        writer.WriteBoolean(name, flag);
                        break;
                    case JsonElement element:
                        writer.WritePropertyName(name);
                        element.WriteTo(writer);
                        break;
                    case null:
                        break;
                    default:
                        throw new ArgumentException($"'{name}' is a {value.GetType().Name}.", nameof(fields));
                }
            }

            writer.WriteEndObject();
        }

        return new LiveFrame(null, stream.ToArray());
    }

    private static byte[] WithId(string id, ReadOnlyMemory<byte> json)
    {
        var head = Encoding.ASCII.GetBytes($$"""{"id":"{{id}}",""");
        var frame = new byte[head.Length + json.Length - 1];
        head.CopyTo(frame, 0);
        json.Span[1..].CopyTo(frame.AsSpan(head.Length));
        return frame;
    }
}
