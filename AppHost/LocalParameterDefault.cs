using System.Text.Json.Nodes;
using Aspire.Hosting.Publishing;

namespace Workflows.AppHost;

/// <summary>
/// Generates a value once and keeps it in <c>.local/parameters.json</c>: beside the data that it opens, for this clone alone, and gone
/// with them. Aspire's own <c>persist</c> keeps it in the user secrets, which all clones share.
/// </summary>
internal sealed class LocalParameterDefault(string folder, string name, GenerateParameterDefault inner) : ParameterDefault
{
    private static readonly Lock Gate = new();

    public override string GetDefaultValue()
    {
        lock (Gate)
        {
            var file = Path.Combine(folder, "parameters.json");
            var kept = File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file))!.AsObject() : [];
            if ((string?)kept[name] is { } value)
            {
                return value;
            }

            value = inner.GetDefaultValue();
            kept[name] = value;
            LocalFile.Write(file, kept.ToJsonString(LocalFile.Indented));
            return value;
        }
    }

    public override void WriteToManifest(ManifestPublishingContext context) => inner.WriteToManifest(context);
}
