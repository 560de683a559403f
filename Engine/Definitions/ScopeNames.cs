namespace Workflows.Engine.Definitions;

/// <summary>The names expressions may read, in one place for validation and evaluation.</summary>
internal static class ScopeNames
{
    public const string Input = "input";
    public const string Steps = "steps";
    public const string Trigger = "trigger";
    public const string Event = "event";
    public const string Execution = "execution";
    public const string Variables = "vars";
    public const string Context = "context";
    public const string Secrets = "secrets";
    public const string Item = "item";
    public const string Index = "index";

    public const string Output = "output";
    public const string Port = "port";
    public const string Status = "status";

    public static IReadOnlyList<string> Node { get; } = [Input, Steps, Trigger, Event, Execution, Variables, Context];

    /// <summary>In the body of a loop, and where a node evaluates an expression for each item.</summary>
    public static IReadOnlyList<string> Body { get; } = [.. Node, Item, Index];

    public static IReadOnlyList<string> Admission { get; } = [Input];

    public static IReadOnlyList<string> TriggerCondition { get; } = [Event];

    public static IReadOnlyList<string> Step { get; } = [Output, Port, Status];

    public static IReadOnlyList<string> TriggerMembers { get; } = ["type", "id"];

    public static IReadOnlyList<string> ExecutionMembers { get; } =
        ["id", "tenantId", "workflowId", "version", "attempt", "createdAt", "correlationId"];

    public static IReadOnlyList<string> Of(ExpressionScope scope, bool isInBody) => scope switch
    {
        ExpressionScope.Node => isInBody ? Body : Node,
        ExpressionScope.Output => Node,
        ExpressionScope.BodyOutput or ExpressionScope.Item => Body,
        ExpressionScope.Trigger => TriggerCondition,
        ExpressionScope.Admission => Admission,
    };
}
