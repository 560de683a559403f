using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

public enum StoreOperation
{
    Read,
    Write,
    CompareAndSet,
    Increment,
    Delete,
}

public enum StoreScope
{
    Tenant,
    Workspace,
    Workflow,
    Execution,
}

/// <summary>Parameters of <c>store</c>.</summary>
public sealed record StoreParameters
{
    [Parameter("What to do.", Required = true)]
    public StoreOperation Operation { get; init; }

    [Parameter("Who shares the entry.")]
    public StoreScope Scope { get; init; } = StoreScope.Workflow;

    [Parameter("The entry's key, 1 to 200 characters.", Required = true, Kind = ParameterKind.Text, Example = "\"customer:{{ input.customerId }}\"")]
    public JsonTemplate? Key { get; init; }

    [Parameter("What to keep: any JSON (write, compareAndSet).", Example = "\"{{ steps.price.output }}\"")]
    public JsonTemplate? Value { get; init; }

    [Parameter("The version that the entry must have, 0 = it must not be there (compareAndSet).", Kind = ParameterKind.Integer, Min = 0)]
    public JsonTemplate? ExpectedVersion { get; init; }

    [Parameter("What to add to the number (increment). Left out: 1.", Kind = ParameterKind.Number)]
    public JsonTemplate? By { get; init; }

    [Parameter("How long the entry lives, in seconds, from this change. Left out: for ever.", Kind = ParameterKind.Number, Min = 1, Max = Limits.WaitSeconds)]
    public JsonTemplate? ExpiresInSeconds { get; init; }
}

internal sealed class StoreNode() : NodeType<StoreParameters>(
    "store",
    "data",
    NodeEffect.Effect,
    "Reads or changes an entry of the context store. A change is made once, however often the node runs.",
    NodePort.MainPort,
    new NodePort(Conflict, "The change could not be made: the entry has another version (compareAndSet), is no number (increment), or is not there (delete). Without an edge here the node fails."),
    NodePort.ErrorPort)
{
    /// <summary>The port of a change that could not be made as wanted.</summary>
    public const string Conflict = "conflict";

    public override string OutputSummary => "`{\"value\": ..., \"version\": 1}`: the entry as it is now; version 0 = there is none.";

    private protected override NodeAction? Compile(StoreParameters parameters, NodeCompilation node)
    {
        var (missing, surplus) = parameters.Operation switch
        {
            StoreOperation.Write => (parameters.Value is null ? "value" : null, Surplus(parameters, expected: true, by: true)),
            StoreOperation.CompareAndSet => (
                parameters.Value is null ? "value" : parameters.ExpectedVersion is null ? "expectedVersion" : null, Surplus(parameters, by: true)),
            StoreOperation.Increment => (null, Surplus(parameters, value: true, expected: true)),
            _ => (null, Surplus(parameters, value: true, expected: true, by: true, expiry: true)),
        };
        if ((missing ?? surplus) is not { } name)
        {
            return new Action(parameters);
        }

        return node.Reject(
            name,
            Definitions.DefinitionProblemCodes.ParameterConflict,
            missing is null ? $"'{parameters.Operation}' has no '{name}'." : $"'{parameters.Operation}' needs '{name}'.",
            missing is null ? "Remove it, or choose another operation." : "Give it, or choose another operation.");
    }

    private static string? Surplus(StoreParameters parameters, bool value = false, bool expected = false, bool by = false, bool expiry = false) =>
        value && parameters.Value is not null ? "value"
        : expected && parameters.ExpectedVersion is not null ? "expectedVersion"
        : by && parameters.By is not null ? "by"
        : expiry && parameters.ExpiresInSeconds is not null ? "expiresInSeconds"
        : null;

    private sealed class Action(StoreParameters parameters) : EffectAction
    {
        public override IReadOnlyList<(string Port, string Reason)> UnusedPorts =>
            parameters.Operation is StoreOperation.Read or StoreOperation.Write ? [(Conflict, "this operation meets no conflict")] : [];

        public override ReadOnlyMemory<byte> Render(in NodeContext context)
        {
            (string Name, JsonTemplate? Template)[] templates =
            [
                ("key", parameters.Key), ("value", parameters.Value), ("expectedVersion", parameters.ExpectedVersion), ("by", parameters.By),
                ("expiresInSeconds", parameters.ExpiresInSeconds),
            ];
            return RenderedParameters.Write(
                context,
                null,
                templates,
                ["key"],
                [
                    ("operation", Definitions.ObjectReader.CamelCase(parameters.Operation.ToString())),
                    ("scope", Definitions.ObjectReader.CamelCase(parameters.Scope.ToString())),
                    ("wired", context.Node.IsWired(Conflict) ? Conflict : ""),
                ]);
        }
    }
}
