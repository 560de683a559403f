using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

public enum FileOperation
{
    Read,
    Write,
    List,
    Delete,
}

public enum FileFormat
{
    /// <summary>UTF-8 text.</summary>
    Text,

    /// <summary>JSON.</summary>
    Json,

    /// <summary>Any bytes, in Base64.</summary>
    Base64,
}

/// <summary>Parameters of <c>file</c>.</summary>
public sealed record FileParameters
{
    [Parameter("What to do.", Required = true)]
    public FileOperation Operation { get; init; }

    [Parameter(
        "The name of a connector of the type `s3`. Left out: the tenant's folder on the worker, if the operator offers one.",
        MaxLength = Limits.ConnectorNameLength)]
    public string? Connector { get; init; }

    [Parameter(
        "Names divided by '/'. For list: what the paths begin with; left out: all.", Kind = ParameterKind.Text, Example = "\"reports/{{ input.day }}.csv\"")]
    public JsonTemplate? Path { get; init; }

    [Parameter("What to write; for `json` any JSON, else text.", Example = "\"{{ steps.report.output }}\"")]
    public JsonTemplate? Content { get; init; }

    [Parameter("What the file holds, as `content` has it.")]
    public FileFormat Format { get; init; } = FileFormat.Text;

    [Parameter("The content type kept with the file (s3). Left out: by the format.", MaxLength = 200)]
    public string? ContentType { get; init; }

    [Parameter("A larger file is an error (read).", Min = 1, Max = Limits.FileBytes)]
    public int MaxBytes { get; init; } = Limits.FileBytes;

    [Parameter("Files listed at most.", Min = 1, Max = 1_000)]
    public int MaxFiles { get; init; } = 1_000;
}

internal sealed class FileNode() : NodeType<FileParameters>(
    "file",
    "outside",
    NodeEffect.Effect,
    "Reads, writes, lists or deletes files: in a folder of the tenant on the worker, or in an S3-compatible store. A file appears whole or not at all.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary =>
        "Read: `{\"path\", \"size\", \"content\"}`; write: `{\"path\", \"size\"}`; list: `{\"files\": [{\"path\", \"size\", \"modifiedAt\"}], \"truncated\"}`; delete: `{\"path\"}`.";

    private protected override NodeAction? Compile(FileParameters parameters, NodeCompilation node)
    {
        var missing = parameters.Operation != FileOperation.List && parameters.Path is null ? "path"
            : parameters.Operation == FileOperation.Write && parameters.Content is null ? "content"
            : null;
        return missing is null
            ? new Action(parameters)
            : node.Reject(
                missing, Definitions.DefinitionProblemCodes.ParameterMissing, $"'{parameters.Operation}' needs '{missing}'.", "Give it, or choose another operation.");
    }

    private sealed class Action(FileParameters parameters) : EffectAction
    {
        public override double? TimeoutSeconds => 60;

        public override ReadOnlyMemory<byte> Render(in NodeContext context)
        {
            (string Name, JsonTemplate? Template)[] templates = [("path", parameters.Path), ("content", parameters.Content)];
            return RenderedParameters.Write(
                context,
                parameters.Connector,
                templates,
                // What a json file holds may be a number; a text file holds it as text.
                parameters.Format == FileFormat.Json ? ["path"] : ["path", "content"],
                [
                    ("operation", Definitions.ObjectReader.CamelCase(parameters.Operation.ToString())),
                    ("format", Definitions.ObjectReader.CamelCase(parameters.Format.ToString())),
                    ("contentType", parameters.ContentType),
                    ("maxBytes", FormattableString.Invariant($"{parameters.MaxBytes}")),
                    ("maxFiles", FormattableString.Invariant($"{parameters.MaxFiles}")),
                ]);
        }
    }
}
