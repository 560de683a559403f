using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Workflows.Engine.Definitions;

/// <summary>A diff for people to read: a line for each change, <c>+ - ~ &gt;</c> for added, removed, changed,
/// moved.</summary>
public static class DiffText
{
    /// <summary>Characters of a value on a line; more is cut and ends in an ellipsis.</summary>
    private const int ValueLength = 120;

    /// <param name="title">The first line.</param>
    public static string Write(DefinitionDiff diff, string title)
    {
        var text = new StringBuilder(title).Append('\n');
        if (diff.Count == 0)
        {
            text.Append("no changes\n");
        }

        foreach (var change in diff.Changes)
        {
            Append(text, change);
        }

        if (diff.IsCut)
        {
            text.Append(CultureInfo.InvariantCulture, $"... and {diff.Count - diff.Changes.Count} more changes\n");
        }

        if (diff.Layout.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"layout: {diff.Layout.Count} nodes are drawn elsewhere\n");
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, DefinitionChange change)
    {
        text.Append(change.Kind switch
        {
            DiffKind.Added => '+',
            DiffKind.Removed => '-',
            DiffKind.Changed => '~',
            DiffKind.Moved => '>',
        });
        text.Append(' ').Append(change.Part switch
        {
            DiffPart.Node => "node",
            DiffPart.Edge => "edge",
            DiffPart.Trigger => "trigger",
            DiffPart.Definition => "definition",
        });
        text.Append(change.Id is null ? "" : $" {change.Id}")
            .Append(change.Pointer.Length == 0 ? "" : $" {change.Pointer}");
        text.Append(change switch
        {
            { Kind: DiffKind.Moved } => $": from {Loop(change.Before)} to {Loop(change.After)}",
            { Part: DiffPart.Edge } => "",
            { Pointer: "" } => $" ({Type(change.After ?? change.Before)})",
            { Kind: DiffKind.Changed } => $": {Short(change.Before)} -> {Short(change.After)}",
            _ => $": {Short(change.After ?? change.Before)}",
        });
        text.Append('\n');
    }

    private static string Loop(JsonElement? loop) => loop is { } id ? $"the loop {id.GetString()}" : "outside of loops";

    private static string Type(JsonElement? json) =>
        json is { ValueKind: JsonValueKind.Object } value && value.TryGetProperty("type", out var type)
            ? type.ToString() : "?";

    private static string Short(JsonElement? value)
    {
        var text = value?.GetRawText() ?? "";
        return text.Length <= ValueLength ? text : $"{text[..ValueLength]}…";
    }
}
