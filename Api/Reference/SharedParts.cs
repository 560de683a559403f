using System.Text.RegularExpressions;
using Microsoft.OpenApi;

namespace Workflows.Api.Reference;

/// <summary>
/// What many operations have in common, said once: parameters, and how open the schemas of answers are.
/// </summary>
internal static partial class SharedParts
{
    private const int FewestUses = 8;

    /// <summary>
    /// Routes may differ by method and by the name of a parameter alone. A document knows such a path once: the
    /// operations of the others move to the first, and their parameters bear its names.
    /// </summary>
    public static void MergeAlike(Microsoft.OpenApi.OpenApiDocument document)
    {
        var alike = document.Paths.GroupBy(path => Placeholder().Replace(path.Key, "{}")).ToList();
        foreach (var group in alike)
        {
            var first = group.First();
            var names = NamesIn(first.Key);
            foreach (var (path, item) in group.Skip(1))
            {
                foreach (var (method, operation) in item.Operations ?? [])
                {
                    Rename(operation, NamesIn(path), names);
                    first.Value.Operations!.Add(method, operation);
                }

                document.Paths.Remove(path);
            }
        }
    }

    private static string[] NamesIn(string path) =>
        [.. Placeholder().Matches(path).Select(name => name.Value.Trim('{', '}'))];

    private static void Rename(OpenApiOperation operation, string[] from, string[] to)
    {
        foreach (var parameter in (operation.Parameters ?? []).OfType<OpenApiParameter>())
        {
            var place = parameter.In == ParameterLocation.Path ? Array.IndexOf(from, parameter.Name) : -1;
            if (place >= 0 && from[place] != to[place])
            {
                parameter.Description ??= $"Here: {from[place]}.";
                parameter.Name = to[place];
            }
        }
    }

    [GeneratedRegex("{[^}]*}")]
    private static partial Regex Placeholder();

    /// <summary>Parameters that are equal in many operations become components.</summary>
    public static void ShareParameters(Microsoft.OpenApi.OpenApiDocument document)
    {
        var uses = Operations(document)
            .SelectMany(operation => (operation.Parameters ?? []).OfType<OpenApiParameter>())
            .GroupBy(TextOf).Where(group => group.Count() >= FewestUses)
            .OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal)
            .DistinctBy(group => group.First().Name!)
            .ToDictionary(group => group.Key, group => group.First());
        document.Components!.Parameters = uses.Values.ToDictionary(
            parameter => parameter.Name!, IOpenApiParameter (parameter) => parameter);
        foreach (var operation in Operations(document))
        {
            for (var i = 0; i < operation.Parameters?.Count; i++)
            {
                if (operation.Parameters[i] is OpenApiParameter own && uses.ContainsKey(TextOf(own)))
                {
                    operation.Parameters[i] = new OpenApiParameterReference(own.Name!, document);
                }
            }
        }
    }

    /// <summary>
    /// A request with an unknown member is refused, an answer of a later release may have more members: only what
    /// requests are made of is closed.
    /// </summary>
    public static void OpenAnswers(Microsoft.OpenApi.OpenApiDocument document)
    {
        var asked = new HashSet<string>(StringComparer.Ordinal);
        foreach (var media in Operations(document)
            .SelectMany(operation => operation.RequestBody?.Content?.Values ?? []))
        {
            Collect(media.Schema, asked);
        }

        foreach (var (name, schema) in document.Components?.Schemas ?? new Dictionary<string, IOpenApiSchema>())
        {
            if (schema is OpenApiSchema own && !asked.Contains(name))
            {
                own.AdditionalPropertiesAllowed = true;
            }
        }
    }

    private static IEnumerable<OpenApiOperation> Operations(Microsoft.OpenApi.OpenApiDocument document) =>
        document.Paths.Values.SelectMany(path => path.Operations?.Values ?? Enumerable.Empty<OpenApiOperation>());

    private static string TextOf(OpenApiParameter parameter)
    {
        using var text = new StringWriter();
        parameter.SerializeAsV31(new OpenApiJsonWriter(text, new OpenApiJsonWriterSettings { Terse = true }));
        return text.ToString();
    }

    private static void Collect(IOpenApiSchema? schema, HashSet<string> names)
    {
        if (schema is null || (schema is OpenApiSchemaReference { Reference.Id: { } id } && !names.Add(id)))
        {
            return;
        }

        IEnumerable<IOpenApiSchema?> parts =
        [
            .. schema.Properties?.Values ?? [], .. schema.OneOf ?? [], .. schema.AnyOf ?? [], .. schema.AllOf ?? [],
            schema.Items, schema.AdditionalProperties,
        ];
        foreach (var part in parts)
        {
            Collect(part, names);
        }
    }
}
