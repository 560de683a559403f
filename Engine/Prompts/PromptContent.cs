using System.Text.Json;

namespace Workflows.Engine.Prompts;

/// <summary>What a model is asked, before variables are put in.</summary>
/// <param name="Role">system, user or assistant.</param>
/// <param name="Text">With <c>{{ name }}</c> where a variable goes; <c>\{{</c> stands for two braces.</param>
public sealed record PromptMessage(string Role, string Text);

/// <summary>A variable of a card.</summary>
/// <param name="Name">A letter or underscore, then letters, digits and underscores: at most 64.</param>
/// <param name="Type">string, number, boolean, date (ISO 8601, without a time), enum, list or object.</param>
/// <param name="Required">Whether a caller has to give it, if it has no default.</param>
/// <param name="Default">Taken where a caller gives nothing; of the type.</param>
/// <param name="Options">The values of an enum.</param>
/// <param name="Min">Of a number.</param>
/// <param name="Max">Of a number.</param>
/// <param name="MinLength">Characters of a string, items of a list.</param>
/// <param name="MaxLength">Characters of a string, items of a list.</param>
/// <param name="Pattern">A regular expression that a string has to match somewhere; without look-around and
/// back-references, so that its time is linear.</param>
public sealed record PromptVariable(
    string Name,
    string Type,
    bool Required = true,
    JsonElement? Default = null,
    string Description = "",
    IReadOnlyList<string>? Options = null,
    double? Min = null,
    double? Max = null,
    int? MinLength = null,
    int? MaxLength = null,
    string? Pattern = null);

/// <summary>How the model is asked.</summary>
/// <param name="Model">Its name in the tenant's registry; null = the tenant's default.</param>
/// <param name="Temperature">0 to 2; null = the provider's own.</param>
/// <param name="MaxTokens">Of the answer; null = the model's own.</param>
/// <param name="ResponseSchema">A JSON Schema that the answer has to fit.</param>
public sealed record PromptSettings(
    string? Model = null, double? Temperature = null, int? MaxTokens = null, JsonElement? ResponseSchema = null);

/// <summary>The content of one version of a card.</summary>
public sealed record PromptContent(
    IReadOnlyList<PromptMessage> Messages, IReadOnlyList<PromptVariable> Variables, PromptSettings Settings)
{
    /// <summary>As the columns of a version hold it.</summary>
    public static PromptContent Read(string messages, string variables, string settings) => new(
        JsonSerializer.Deserialize<PromptMessage[]>(messages, JsonSerializerOptions.Web) ?? [],
        JsonSerializer.Deserialize<PromptVariable[]>(variables, JsonSerializerOptions.Web) ?? [],
        JsonSerializer.Deserialize<PromptSettings>(settings, JsonSerializerOptions.Web) ?? new PromptSettings());

    /// <summary>Whether a model would be asked the same.</summary>
    public bool IsSameAs(PromptContent other) => JsonElement.DeepEquals(Write(this), Write(other));

    private static JsonElement Write(PromptContent content) =>
        JsonSerializer.SerializeToElement(content, JsonSerializerOptions.Web);
}

/// <summary>What is wrong, and where.</summary>
/// <param name="Pointer">A JSON pointer into what was checked.</param>
public sealed record PromptProblem(string Pointer, string Code, string Message);
