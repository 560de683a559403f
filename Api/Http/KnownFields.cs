using System.Text.Json.Serialization.Metadata;

namespace Workflows.Api.Http;

/// <summary>The fields that a body has at a place, for whoever wrote one that it has not.</summary>
internal static class KnownFields
{
    /// <summary>"Known here: a, b."; null when the place has no fields of its own.</summary>
    /// <param name="body">The type of the whole body.</param>
    /// <param name="pointer">Of the object, or of a field in it that is not known.</param>
    public static string? Hint(Type body, string pointer)
    {
        var here = Envelope.Json.GetTypeInfo(body);
        foreach (var name in pointer.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Below(here, name) is not { } below)
            {
                break;
            }

            here = below;
        }

        return here.Kind == JsonTypeInfoKind.Object && here.Properties.Count > 0
            ? $"Known here: {string.Join(", ", here.Properties.Select(property => property.Name))}."
            : null;
    }

    private static JsonTypeInfo? Below(JsonTypeInfo here, string name) => here.Kind switch
    {
        JsonTypeInfoKind.Object => here.Properties.FirstOrDefault(property => property.Name == name) is { } found
            ? Envelope.Json.GetTypeInfo(found.PropertyType)
            : null,
        JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary =>
            here.ElementType is { } element ? Envelope.Json.GetTypeInfo(element) : null,
        _ => null,
    };
}
