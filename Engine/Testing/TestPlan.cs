using System.Text.Json;

namespace Workflows.Engine.Testing;

/// <summary>What of a workflow a test executes, and what stands in for the rest.</summary>
public sealed record TestPlan
{
    /// <summary>Only this node and those before it are executed; null = all.</summary>
    public string? UpTo { get; init; }

    /// <summary>Only this node is executed; all before it have their pins, or what their types answer.</summary>
    public string? Only { get; init; }

    /// <summary>Whether nodes with an outside effect are executed.</summary>
    public bool Effects { get; init; }

    /// <summary>Outputs of nodes that are not executed, by node id; UTF-8 JSON.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Pins { get; init; } =
        new Dictionary<string, ReadOnlyMemory<byte>>();

    /// <summary>The plan as <see cref="ToJson"/> has written it.</summary>
    /// <exception cref="FormatException">It was written by something else.</exception>
    public static TestPlan Read(ReadOnlyMemory<byte> utf8Json)
    {
        using var document = JsonText.Parse(utf8Json);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("pins", out var pins))
        {
            throw new FormatException("This is no plan of a test.");
        }

        return new TestPlan
        {
            UpTo = Text(root, "upTo"),
            Only = Text(root, "only"),
            Effects = root.GetProperty("effects").GetBoolean(),
            Pins = pins.EnumerateObject().ToDictionary(
                pin => pin.Name, pin => (ReadOnlyMemory<byte>)JsonText.BytesOf(pin.Value), StringComparer.Ordinal),
        };
    }

    /// <summary>As it is stored with the test.</summary>
    public byte[] ToJson()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("upTo"u8, UpTo);
            writer.WriteString("only"u8, Only);
            writer.WriteBoolean("effects"u8, Effects);
            writer.WriteStartObject("pins"u8);
            foreach (var (node, output) in Pins)
            {
                writer.WritePropertyName(node);
                writer.WriteRawValue(output.Span, skipInputValidation: true);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) ? value.GetString() : null;
}
