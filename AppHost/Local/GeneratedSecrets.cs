using System.Text.Json.Nodes;
using Aspire.Hosting.Publishing;

namespace Workflows.AppHost.Local;

/// <summary>Passwords and keys that nobody has to make up.</summary>
internal static class GeneratedSecrets
{
    /// <summary>Characters of a key: of 56 different ones, 278 bits.</summary>
    public const int KeyLength = 48;

    private const int PasswordLength = 32;

    /// <summary>
    /// A secret parameter: letters and digits only, so that no connection string or address has to encode it.
    /// </summary>
    public static IResourceBuilder<ParameterResource> AddGeneratedSecret(
        this IDistributedApplicationBuilder builder, string name, int length = PasswordLength)
    {
        var generated = new GenerateParameterDefault { MinLength = length, Special = false };
        ParameterDefault kept = builder.ExecutionContext.IsRunMode
            ? new KeptDefault(Path.Combine(LocalFolder.Of(builder), "parameters.json"), name, generated)
            : generated;
        return builder.AddParameter(name, kept, secret: true);
    }

    /// <summary>
    /// Generates a value once and keeps it in <c>.local/parameters.json</c>: beside the data that it opens, for this
    /// clone alone, and gone with them. Aspire's own <c>persist</c> keeps it in the user secrets, which all clones
    /// share.
    /// </summary>
    private sealed class KeptDefault(string file, string name, GenerateParameterDefault generated) : ParameterDefault
    {
        private static readonly Lock Gate = new();

        public override string GetDefaultValue()
        {
            lock (Gate)
            {
                var kept = File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file))!.AsObject() : [];
                if ((string?)kept[name] is { } value)
                {
                    return value;
                }

                value = generated.GetDefaultValue();
                kept[name] = value;
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                LocalFile.Write(file, kept.ToJsonString(LocalFile.Indented));
                return value;
            }
        }

        public override void WriteToManifest(ManifestPublishingContext context) => generated.WriteToManifest(context);
    }
}
