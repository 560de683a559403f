using System.Text.Json;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>prompt</c>.</summary>
public sealed record PromptParameters
{
    [Parameter(
        "The name of a chat model. Left out: the tenant's default.",
        MaxLength = Limits.ConnectorNameLength, Example = "\"gpt-5\"")]
    public string? Model { get; init; }

    [Parameter(
        "What the model is told of its task.",
        Kind = ParameterKind.Text, Example = "\"You answer customers in two sentences.\"")]
    public JsonTemplate? System { get; init; }

    [Parameter("What it is asked.", Required = true, Kind = ParameterKind.Text, Example = "\"{{ input.question }}\"")]
    public JsonTemplate? Prompt { get; init; }

    [Parameter(
        "What was said before: a list of `{\"role\": \"user\" | \"assistant\", \"content\"}`.",
        Example = """[{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "How can I help?"}]""")]
    public JsonTemplate? Messages { get; init; }

    [Parameter(
        "The name of a conversation that the workflow keeps: the model is told what was said in it, "
            + "and it keeps question and answer.",
        Kind = ParameterKind.Text, Example = "\"{{ input.customer }}\"")]
    public JsonTemplate? Conversation { get; init; }

    [Parameter(
        "A JSON Schema that the answer has to fit; the same keywords as for the `parameters` of a workflow. "
            + "Not an expression.",
        Example = """{"type": "object", "properties": {"mood": {"type": "string"}}, "required": ["mood"]}""")]
    public JsonElement? Schema { get; init; }

    [Parameter(
        "Tools that the model may ask for: a list of `{\"name\", \"description\", \"parameters\"}`, "
            + "the parameters a JSON Schema. The workflow calls them.")]
    public JsonElement? Tools { get; init; }

    [Parameter(
        "From 0, the likeliest words, to 2. Left out: the provider's own.",
        Kind = ParameterKind.Number, Min = 0, Max = 2)]
    public JsonTemplate? Temperature { get; init; }

    [Parameter(
        "Tokens of the answer at most. Left out: what the model's registration says.",
        Kind = ParameterKind.Integer, Min = 1)]
    public JsonTemplate? MaxTokens { get; init; }
}

internal sealed class PromptNode() : NodeType<PromptParameters>(
    "prompt",
    "ai",
    NodeEffect.Effect,
    "Asks a language model. An attempt that runs again after its worker was lost gets the answer that was given, "
        + "and costs nothing.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary =>
        "`{\"text\", \"data\", \"toolCalls\": [{\"id\", \"name\", \"arguments\"}], \"finishReason\", \"model\", "
        + "\"provider\", \"usage\"}`; `data` where there is a schema.";

    private protected override NodeAction? Compile(PromptParameters parameters, NodeCompilation node) =>
        parameters.Schema is { } schema && node.ReadSchema(schema, "schema") is null ? null
        : ModelNodes.CheckTools(parameters.Tools, node) ? new Action(parameters)
        : null;

    private sealed class Action(PromptParameters parameters) : ModelAction
    {
        public override ReadOnlyMemory<byte> Render(in NodeContext context) => ModelNodes.Write(
            context,
            parameters.Model,
            [
                ("system", parameters.System), ("prompt", parameters.Prompt), ("messages", parameters.Messages),
                ("conversation", parameters.Conversation),
                ("temperature", parameters.Temperature), ("maxTokens", parameters.MaxTokens),
            ],
            ["system", "prompt", "conversation"],
            ("schema", parameters.Schema),
            ("tools", parameters.Tools));
    }
}

/// <summary>What nodes that ask models have in common.</summary>
internal abstract class ModelAction : EffectAction
{
    // The model's own registration ends a call sooner; the rest is for tries again.
    public override double? TimeoutSeconds => 600;
}

internal static class ModelNodes
{
    /// <summary>The rendered templates, with the model's name and what is no expression.</summary>
    public static ReadOnlyMemory<byte> Write(
        in NodeContext context,
        string? model,
        ReadOnlySpan<(string Name, JsonTemplate? Template)> templates,
        ReadOnlySpan<string> texts,
        params ReadOnlySpan<(string Name, JsonElement? Json)> literals)
    {
        var rendered = RenderedParameters.Write(
            context, null, templates, texts, model is null ? [] : [("model", model)]);
        var given = JsonText.ParseElement(rendered);
        var buffer = JsonBuffer.Rent();
        var writer = buffer.Writer;
        writer.WriteStartObject();
        foreach (var member in given.EnumerateObject())
        {
            member.WriteTo(writer);
        }

        foreach (var (name, json) in literals)
        {
            if (json is { } value)
            {
                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
        return buffer.ToJson();
    }

    /// <summary>Whether the tools are what models take; else it is reported.</summary>
    public static bool CheckTools(JsonElement? tools, NodeCompilation node)
    {
        if (tools is null)
        {
            return true;
        }

        var isWell = tools.Value.ValueKind == JsonValueKind.Array && tools.Value.EnumerateArray().All(tool =>
            tool.ValueKind == JsonValueKind.Object
            && tool.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String
            && IsToolName(name.GetString()!)
            && (!tool.TryGetProperty("description", out var text) || text.ValueKind == JsonValueKind.String)
            && (!tool.TryGetProperty("parameters", out var schema) || schema.ValueKind == JsonValueKind.Object));
        if (!isWell)
        {
            node.Reject(
                "tools",
                Definitions.DefinitionProblemCodes.ParameterType,
                "'tools' is a list of {\"name\", \"description\", \"parameters\"}.",
                "A name has 1 to 64 letters, digits, '_' and '-'; the parameters are a JSON Schema.");
        }

        return isWell;
    }

    private static bool IsToolName(string name) =>
        name.Length is >= 1 and <= 64 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-');
}
