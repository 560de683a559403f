using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Workflows.Api.Http;

namespace Workflows.Api.Reference;

/// <summary>What the types say to people and not to the generator: closed lists, and that success has data.</summary>
internal static class SchemaRules
{
    private const string Data = "data";

    // A transformer of schemas would be called for each place where a type is used, which are some ten thousand.
    private static readonly (string Schema, string Member, IReadOnlyList<string> Words)[] Closed =
    [
        .. from type in typeof(SchemaRules).Assembly.GetTypes()
           from property in type.GetProperties()
           let list = property.GetCustomAttribute<OneOfAttribute>()
           where list is not null
           select (type.Name, JsonNamingPolicy.CamelCase.ConvertName(property.Name), list.Words),
    ];

    public static void Complete(Microsoft.OpenApi.OpenApiDocument document)
    {
        var schemas = document.Components?.Schemas ?? new Dictionary<string, IOpenApiSchema>();
        foreach (var (name, member, words) in Closed)
        {
            if (schemas.TryGetValue(name, out var schema) && schema.Properties is { } members
                && members.TryGetValue(member, out var found) && found is OpenApiSchema text)
            {
                List(text, words);
            }
        }

        foreach (var schema in schemas.Values.OfType<OpenApiSchema>())
        {
            RequireData(schema);
        }
    }

    private static void List(OpenApiSchema schema, IReadOnlyList<string> words)
    {
        schema.Enum = [.. words.Select(word => (JsonNode)JsonValue.Create(word))];
        if (schema.Type?.HasFlag(JsonSchemaType.Null) == true)
        {
            schema.Enum.Add(JsonNullSentinel.JsonNull);
        }
    }

    // An envelope is generic and its data have no constraint, so that the generator takes them for nullable. A request
    // that succeeds always has some.
    private static void RequireData(OpenApiSchema schema)
    {
        if (schema.Properties is { } members && members.ContainsKey("success")
            && members.TryGetValue(Data, out var data))
        {
            members[Data] = WithoutNull(data);
            schema.Description = null; // equal for some hundred of them, and of no use to who generates from them
        }
    }

    private static IOpenApiSchema WithoutNull(IOpenApiSchema schema)
    {
        if (schema is not OpenApiSchema own)
        {
            return schema;
        }

        if (own.OneOf is [var first, var second])
        {
            return IsNull(first) ? second : IsNull(second) ? first : schema;
        }

        own.Type &= ~JsonSchemaType.Null;
        return own;
    }

    private static bool IsNull(IOpenApiSchema schema) => schema.Type == JsonSchemaType.Null;
}
