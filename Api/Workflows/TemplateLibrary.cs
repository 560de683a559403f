using System.Collections.Frozen;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Workflows;

/// <summary>
/// The templates of this release: files that the build puts into the assembly, read and compiled once, when somebody
/// first asks. A file that cannot be used is a fault of the release, and a test finds it before.
/// </summary>
internal static class TemplateLibrary
{
    /// <summary>Before the names of the files in the assembly.</summary>
    public const string Prefix = "templates/";

    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
    };

    private static readonly Lazy<IReadOnlyList<Template>> Loaded = new(Load);

    private static readonly Lazy<FrozenDictionary<string, Template>> ByName =
        new(() => All.ToFrozenDictionary(template => template.View.Name, StringComparer.Ordinal));

    /// <summary>In the order in which they are shown.</summary>
    public static IReadOnlyList<string> Categories { get; } = ["start", "people", "schedule", "data", "reliability"];

    /// <summary>By category, then by title.</summary>
    public static IReadOnlyList<Template> All => Loaded.Value;

    public static TemplateView? Find(string name) => ByName.Value.GetValueOrDefault(name)?.View;

    /// <summary>Those of a category in which each word occurs.</summary>
    /// <param name="text">Words with white space between them; null or blank = all.</param>
    public static IEnumerable<TemplateItem> Search(string? text, string? category)
    {
        var words = (text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return All
            .Where(template => category is null || template.View.Category == category)
            .Where(template => words.All(word => template.Words.Contains(word, StringComparison.OrdinalIgnoreCase)))
            .Select(template => template.Item);
    }

    private static List<Template> Load()
    {
        var assembly = typeof(TemplateLibrary).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => Read(assembly, name))
            .OrderBy(template => IndexOf(template.View.Category))
            .ThenBy(template => template.View.Title, StringComparer.Ordinal)];
    }

    private static int IndexOf(string category)
    {
        var index = Categories.ToList().IndexOf(category);
        return index >= 0 ? index : throw new InvalidOperationException($"There is no category '{category}'.");
    }

    private static Template Read(Assembly assembly, string resource)
    {
        using var stream = assembly.GetManifestResourceStream(resource)!;
        var file = JsonSerializer.Deserialize<TemplateFile>(stream, Strict)!;
        var definition = file.Definition.GetRawText();
        if (!CompiledWorkflow.TryAccept(
            Encoding.UTF8.GetBytes(definition), Engine.Nodes.CustomNodeSet.Empty, out var compiled, out var problems))
        {
            throw new InvalidOperationException($"The template {file.Name} cannot run: {problems[0].Message}");
        }

        var needs = new TransferNeeds();
        needs.Add(compiled, definition);
        string[] triggers = [.. Texts(file.Definition, "triggers").Distinct()];
        string[] types = [.. NodeTypes(file.Definition).Distinct()];
        var requires = needs.Without([]);
        var view = new TemplateView(
            file.Name, file.Title, file.Description, file.Category, file.Tags, triggers, types, requires,
            new RawJson(definition), Raw(file.Examples[0].Input), file.Notes, [.. file.Examples.Select(Example)]);
        var item = new TemplateItem(
            file.Name, file.Title, file.Description, file.Category, file.Tags, triggers, types, requires);
        return new Template(view, item, string.Join(
            '\n', [file.Name, file.Title, file.Description, file.Category, .. file.Tags, .. types, .. triggers]));
    }

    private static TemplateExample Example(ExampleOfFile example) => new(
        example.Title, Raw(example.Input), Raw(example.Pins), example.Status,
        example.Output is { } output ? Raw(output) : null, example.Code);

    private static RawJson Raw(JsonElement element) => new(element.GetRawText());

    private static IEnumerable<string> Texts(JsonElement holder, string list) =>
        holder.TryGetProperty(list, out var found)
            ? found.EnumerateArray().Select(one => one.GetProperty("type").GetString()!)
            : [];

    private static IEnumerable<string> NodeTypes(JsonElement graph) =>
        graph.GetProperty("nodes").EnumerateArray().SelectMany(node =>
            node.TryGetProperty("body", out var body)
                ? NodeTypes(body).Prepend(node.GetProperty("type").GetString()!)
                : [node.GetProperty("type").GetString()!]);
}

/// <param name="Words">All that is searched.</param>
internal sealed record Template(TemplateView View, TemplateItem Item, string Words);
